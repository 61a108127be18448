/* SPDX-License-Identifier: MIT */
/* proc.memory, mem.read, mem.write: the memory of processes. */
#include "server/kernel/proc/mapped.h"
#include "server/kernel/proc/memory.h"
#include "server/rpc/codec/kinds.h"
#include "server/rpc/peer/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *kind_name(const struct region *r)
{
    static const char *const names[] = {[REGION_MEMORY] = "memory",
                                        [REGION_IMAGE] = "image",
                                        [REGION_STACK] = "stack",
                                        [REGION_FILE] = "file"};

    return names[r->kind];
}

static void put_region(struct json_out *o, const struct region *r)
{
    const struct mapping *mapping = r->mapping;

    result_proc_memory(o, &(struct rpc_proc_memory_result){
                              .addr = (int64_t)r->addr,
                              .size = (int64_t)r->size,
                              .mode = {write_mm, &r->mode},
                              .kind = kind_name(r),
                              .file = given_name_of(mapping != NULL ? mapping->file->label : NULL),
                              .offset = mapping != NULL ? (int64_t)mapping->off : 0});
}

enum request_status method_proc_memory(struct request *rq,
                                       const struct rpc_proc_memory_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct json_out o = request_result(rq);
    uint64_t left = page_size(params->limit);

    if (p == NULL)
        return REQUEST_FAILED;
    out_open(&o, '[');
    for (size_t i = 0; i < p->memory.count && left > 0; i++) {
        if (p->memory.at[i].addr <= params->after)
            continue; /* they are in the order of their addresses */
        left--;
        put_region(&o, &p->memory.at[i]);
    }
    out_close(&o, ']');
    return REQUEST_DONE;
}

/** The process whose memory the session may see; NULL with the failure set. */
static struct proc *find_process(struct request *rq, int32_t pid)
{
    const struct proc *actor = request_actor(rq);
    struct proc *p = actor != NULL ? request_proc(rq, pid) : NULL;

    if (p == NULL || proc_is_below(p, actor))
        return p;
    (void)fail(&rq->failure, ESRCH, "pid", "process %d is not below the session's own, %d", p->pid,
               actor->pid);
    return NULL;
}

/** Read or write: a touch of what the session drives, an inspection of all others. */
static int access_memory(struct request *rq, struct proc *p, uint32_t way, uint64_t addr, char *buf,
                         size_t size)
{
    const bool drives = p->driver == rq->session && p->state == PS_RUNNING;
    struct why *why = &rq->failure.why;
    struct input peek = {.kind = INPUT_PEEK, .why = why, .peek = {p->pid, drives, addr, size, buf}};
    struct input poke = {
        .kind = INPUT_POKE, .why = why, .poke = {p->pid, drives, addr, {buf, size}}};
    int err = machine_input(p->machine, way == MM_READ ? &peek : &poke);

    if (err < 0) {
        rq->failure.code = -err;
        rq->failure.arg = "addr";
    }
    return err;
}

/** Check the numbers. Returns 0, -1. */
static int check_range(struct request *rq, int64_t addr, int64_t size)
{
    const uint64_t max = rq->peer->rpc->limits.transfer_bytes;

    if (addr < 0)
        return fail(&rq->failure, RPC_E_PARAMS, "addr", "negative");
    if (size < 0 || (uint64_t)size > max)
        return fail(&rq->failure, RPC_E_PARAMS, "size",
                    "%lld bytes; one transfer has 0 to %llu (limit transfer_bytes)",
                    (long long)size, (unsigned long long)max);
    return 0;
}

enum request_status method_mem_read(struct request *rq, const struct rpc_mem_read_params *params)
{
    const bool base64 = params->encoding != NULL && strcmp(params->encoding, "base64") == 0;
    struct json_out o = request_result(rq);
    const size_t size = (size_t)params->size;
    struct proc *p;
    char *buf;
    int err;

    if (check_range(rq, params->addr, params->size) < 0)
        return REQUEST_FAILED;
    p = find_process(rq, params->pid);
    if (p == NULL)
        return REQUEST_FAILED;
    buf = malloc(size + 1);
    if (buf == NULL) {
        (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
        return REQUEST_FAILED;
    }
    err = access_memory(rq, p, MM_READ, (uint64_t)params->addr, buf, size);
    if (err == 0)
        result_mem_read(&o, &(struct rpc_mem_read_result){.data = {buf, size, base64}});
    free(buf);
    return err < 0 ? REQUEST_FAILED : REQUEST_DONE;
}

enum request_status method_mem_write(struct request *rq, const struct rpc_mem_write_params *params)
{
    struct proc *p;
    char *bytes;
    size_t len;
    int err = -1;

    if (params_data(params->data, params->encoding, &bytes, &len, &rq->failure) < 0)
        return REQUEST_FAILED;
    if (check_range(rq, params->addr, (int64_t)len) < 0)
        goto out;
    p = find_process(rq, params->pid);
    if (p != NULL)
        err = access_memory(rq, p, MM_WRITE, (uint64_t)params->addr, bytes, len);
out:
    free(bytes);
    return err < 0 ? REQUEST_FAILED : REQUEST_DONE;
}
