/* What is refused is the n-th call that fault_arm named. */
#include "fault.h"
#include "no_memory.h"

bool no_memory_now(const void *asker)
{
	(void)asker;
	return fault_refuses(FAULT_MEMORY);
}
