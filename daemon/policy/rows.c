#include "policy/rows.h"
