#include "textflag.h"

TEXT proc_pidpath_trampoline<>(SB),NOSPLIT,$0-0
	JMP	libc_proc_pidpath(SB)

GLOBL	·procPidpath(SB), RODATA, $8
DATA	·procPidpath(SB)/8, $proc_pidpath_trampoline<>(SB)
