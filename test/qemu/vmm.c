// SPDX-License-Identifier: MIT
// A virtual machine with one vCPU, as small as one can be that has interrupts: the guest's timer wakes it, it computes
// for a while and halts again; or it computes for ever. Made for loads that KVM's tracepoints see.
//
//	vmm NAME WORK [HERTZ [EMULATE]]   WORK: turns of a loop after each timer interrupt; without HERTZ, or with 0, the
//	                                  guest never halts. EMULATE: beside the vCPU another thread computes.
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define MEMORY 0x10000
#define START 0x1000

// 16-bit code for START; its two numbers are filled in below.
__asm__(".section .rodata\n"
	".global guest, guest_divisor, guest_work, guest_spins, guest_end\n"
	".code16\n"
	"guest: cli\n"
	"	xorw %ax, %ax\n"
	"	movw %ax, %ds\n"
	"	movw %ax, %ss\n"
	"	movw $0x7000, %sp\n"
	"	cmpw $0, guest_divisor - guest + 0x1000\n"
	"	je 2f\n"
	"	movw $(tick - guest + 0x1000), 0x80\n" // vector 0x20
	"	movw $0, 0x82\n"
	"	movb $0x11, %al\n" // interrupt controllers: vectors from 0x20 and 0x28, the timer alone unmasked
	"	outb %al, $0x20\n"
	"	movb $0x20, %al\n"
	"	outb %al, $0x21\n"
	"	movb $4, %al\n"
	"	outb %al, $0x21\n"
	"	movb $1, %al\n"
	"	outb %al, $0x21\n"
	"	movb $0xfe, %al\n"
	"	outb %al, $0x21\n"
	"	movb $0x34, %al\n" // timer: a rate generator
	"	outb %al, $0x43\n"
	"	movw guest_divisor - guest + 0x1000, %ax\n"
	"	outb %al, $0x40\n"
	"	movb %ah, %al\n"
	"	outb %al, $0x40\n"
	"	sti\n"
	"1:	hlt\n"
	"2:	movl guest_work - guest + 0x1000, %ecx\n"
	"3:	decl %ecx\n"
	"	jnz 3b\n"
	"	cmpw $0, guest_divisor - guest + 0x1000\n"
	"	je 2b\n"
	"	jmp 1b\n"
	"tick:	pushw %ax\n"
	"	movb $0x20, %al\n"
	"	outb %al, $0x20\n"
	"	popw %ax\n"
	"	iretw\n"
	"guest_divisor: .word 0\n"
	"guest_work: .long 0\n"
	"guest_end:\n"
	".code64\n"
	".previous\n");

extern const unsigned char guest[], guest_divisor[], guest_work[], guest_end[];

static int checked(int result, const char *what)
{
	if (result < 0)
		err(1, "%s", what);
	return result;
}

static void *emulate(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "emulator");
	for (;;)
		__asm__ volatile("");
	return NULL;
}

int main(int argc, char **argv)
{
	const uint32_t work = argc > 2 ? atoi(argv[2]) : 0;
	const uint16_t divisor = argc > 3 && atoi(argv[3]) ? 1193182 / atoi(argv[3]) : 0;
	struct kvm_pit_config timer = { 0 };
	struct kvm_regs registers = { .rflags = 2, .rip = START };
	struct kvm_sregs segments;
	struct kvm_run *run;
	int kvm, vm, vcpu;
	pthread_t thread;
	unsigned char *memory;

	if (argc < 3)
		errx(2, "usage: vmm NAME WORK [HERTZ]");
	prctl(PR_SET_NAME, argv[1]);
	if (argc > 4 && pthread_create(&thread, NULL, emulate, NULL))
		err(1, "thread");
	kvm = checked(open("/dev/kvm", O_RDWR), "/dev/kvm");
	vm = checked(ioctl(kvm, KVM_CREATE_VM, 0), "VM");
	checked(ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000), "TSS");
	checked(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "interrupt controllers");
	checked(ioctl(vm, KVM_CREATE_PIT2, &timer), "timer");
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memcpy(memory + START, guest, guest_end - guest);
	memcpy(memory + START + (guest_divisor - guest), &divisor, sizeof(divisor));
	memcpy(memory + START + (guest_work - guest), &work, sizeof(work));
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY, .userspace_addr = (uintptr_t)memory };

	checked(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "memory");
	vcpu = checked(ioctl(vm, KVM_CREATE_VCPU, 0), "vCPU");
	run = mmap(NULL, checked(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "size"), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	checked(ioctl(vcpu, KVM_GET_SREGS, &segments), "segments");
	segments.cs.base = segments.cs.selector = 0;
	checked(ioctl(vcpu, KVM_SET_SREGS, &segments), "segments");
	checked(ioctl(vcpu, KVM_SET_REGS, &registers), "registers");
	for (;;) {
		checked(ioctl(vcpu, KVM_RUN, 0), "run");
		if (run->exit_reason != KVM_EXIT_IO && run->exit_reason != KVM_EXIT_INTR)
			errx(1, "exit %u", run->exit_reason);
	}
}
