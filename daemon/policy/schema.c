#include "policy/schema.h"
