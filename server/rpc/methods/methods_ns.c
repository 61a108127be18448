/* SPDX-License-Identifier: MIT */
/* ns.calls, ns.graph: namespaces as text. */
#include "server/rpc/methods/ns_calls.h"
#include "server/rpc/methods/ns_graph.h"
#include "server/rpc/peer/dispatch.h"

/** Write the lines of ns.calls. */
struct lines {
    const struct proc *p;
    int *err; /* set to why they are not whole */
};

static void write_lines(struct json_out *o, const void *of)
{
    const struct lines *lines = of;

    *lines->err = ns_calls_write(o, lines->p);
}

enum request_status method_ns_calls(struct request *rq, const struct rpc_ns_calls_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct json_out o = request_result(rq);
    int err = 0;

    if (p == NULL)
        return REQUEST_FAILED;
    result_ns_calls(
        &o, &(struct rpc_ns_calls_result){.calls = {write_lines, &(struct lines){p, &err}}});
    if (err == 0 || rq->result.over)
        return REQUEST_DONE;
    (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "no memory for the lines");
    return REQUEST_FAILED;
}

enum request_status method_ns_graph(struct request *rq, const struct rpc_ns_graph_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    struct strbuf dot = STRBUF_INIT;
    int err;

    if (machine == NULL)
        return REQUEST_FAILED;
    dot.max = rq->result.max;
    err = ns_graph_write(&dot, machine->m);
    if (dot.over) {
        rq->result.over = true;
        rq->result.failed = true;
        err = 0;
    }
    if (err == 0)
        result_ns_graph(&o, &(struct rpc_ns_graph_result){.dot = strbuf_str(&dot)});
    strbuf_done(&dot);
    if (err < 0) {
        (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "no memory for the graph");
        return REQUEST_FAILED;
    }
    return REQUEST_DONE;
}
