#include "policy/map.h"
