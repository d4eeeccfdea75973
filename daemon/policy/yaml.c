#include "policy/yaml.h"
