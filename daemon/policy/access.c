#include "policy/access.h"
