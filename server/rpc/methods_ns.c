/* SPDX-License-Identifier: MIT */
/* ns.calls, ns.graph: namespaces as text. */
#include "server/rpc/dispatch.h"
#include "server/rpc/ns_calls.h"
#include "server/rpc/ns_graph.h"

enum request_status method_ns_calls(struct request *rq, const struct rpc_ns_calls_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct json_out o = request_result(rq);

    if (p == NULL)
        return REQUEST_FAILED;
    out_open(&o, '{');
    out_key(&o, "calls");
    if (ns_calls_write(&o, p) < 0 && !rq->result.over) {
        (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "no memory for the lines");
        return REQUEST_FAILED;
    }
    out_close(&o, '}');
    return REQUEST_DONE;
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
    if (err == 0) {
        out_open(&o, '{');
        out_key(&o, "dot");
        out_string(&o, strbuf_str(&dot));
        out_close(&o, '}');
    }
    strbuf_done(&dot);
    if (err < 0) {
        (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "no memory for the graph");
        return REQUEST_FAILED;
    }
    return REQUEST_DONE;
}
