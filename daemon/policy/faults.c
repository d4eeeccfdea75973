#include "policy/faults.h"
