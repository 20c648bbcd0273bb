#include "textflag.h"

TEXT launch_activate_socket_trampoline<>(SB),NOSPLIT,$0-0
	JMP	libc_launch_activate_socket(SB)

GLOBL	·launchActivateSocket(SB), RODATA, $8
DATA	·launchActivateSocket(SB)/8, $launch_activate_socket_trampoline<>(SB)

TEXT free_trampoline<>(SB),NOSPLIT,$0-0
	JMP	libc_free(SB)

GLOBL	·free(SB), RODATA, $8
DATA	·free(SB)/8, $free_trampoline<>(SB)
