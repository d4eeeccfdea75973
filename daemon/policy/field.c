#include "policy/field.h"
