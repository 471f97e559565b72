// Makes the GA102 that Mesa's nouveau shim plays another chip of NVIDIA: NEWER_CHIP=190 is AD100 (Ada). Preloaded in front of
// the shim, it changes what the driver asks the kernel for: the number of the chip and its classes of engines.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { GA102 = 0x172, GETPARAM = 0x40, NVIF = 0x47 };

// The class of Ada in the place of one of GA102; 0 for what is not one.
static uint32_t newer_class(uint32_t word)
{
    switch (word) {
    case 0xc797: return 0xc997; // 3D
    case 0xc7c0: return 0xc9c0; // compute
    case 0xc6b5: case 0xc7b5: return 0xc7b5; // copies
    default: return 0;
    }
}

static void alter(char *answer, unsigned size, uint16_t chip)
{
    for (unsigned at = 0; at + 4 <= size; at += 2) {
        uint32_t word;
        memcpy(&word, answer + at, 4);
        const uint32_t newer = newer_class(word);
        if (newer) memcpy(answer + at, &newer, 4);
        if ((word & 0xffff) == GA102) memcpy(answer + at, &chip, 2);
    }
}

int ioctl(int file, unsigned long request, ...)
{
    static int (*shim)(int, unsigned long, ...);
    va_list list;
    va_start(list, request);
    void *arg = va_arg(list, void *);
    va_end(list);
    if (!shim) shim = dlsym(RTLD_NEXT, "ioctl");
    const int result = shim(file, request, arg);
    const char *chip = getenv("NEWER_CHIP");
    if (!chip || result || _IOC_TYPE(request) != 'd') return result;
    const uint16_t number = strtoul(chip, 0, 16);
    uint64_t *param = arg;
    if (_IOC_NR(request) == GETPARAM && param[1] == GA102) param[1] = number;
    if (_IOC_NR(request) == NVIF) alter(arg, _IOC_SIZE(request), number);
    return result;
}
