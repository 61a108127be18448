/* SPDX-License-Identifier: MIT */
#include "server/bridge/guest_abi.h"

#include "server/base/check.h"
#include "server/bridge/int40.h"
#include "server/bridge/sc_calls.h"
#include "server/bridge/tracee/load.h"

const struct guest_abi guest_abis[ABI_COUNT] = {
    {
        .kernel = &abi_x86_64,
        .arch = &arch_x86_64,
        .convention = &convention_x86_64,
        .filter = sc_calls_filter,
        .take = sc_calls_take,
        .load = load_image,
    },
    {
        .kernel = &abi_i386,
        .arch = &arch_i386,
        .convention = &convention_i386,
        .filter = sc_calls_filter,
        .admit = int40_admit,
        .take = sc_calls_take,
        .on_fault = int40_on_fault,
        .load = load_image,
    },
};

const struct guest_abi *guest_abi_of(const struct abi *abi)
{
    size_t i = 0;

    while (i < ABI_COUNT && guest_abis[i].kernel != abi)
        i++;
    CHECK(i < ABI_COUNT); /* no image has another */
    return &guest_abis[i];
}
