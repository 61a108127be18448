/* SPDX-License-Identifier: MIT */
/* fault.*: rules that change calls. */
#include "server/kernel/call/fault.h"

#include "server/rpc/peer/dispatch.h"
#include "server/rpc/peer/marks.h"

#include <errno.h>
#include <string.h>

static int errno_of(const char *name)
{
    return name != NULL ? -sc_errno_by_name(name, strlen(name))->value : 0;
}

/** Whether a call's row lists an errno. */
static bool lists_error(const struct sc_call_info *info, int err)
{
    const struct sc_error_info *e = info->errors;

    while (e->name != NULL && e->value != -err)
        e++;
    return e->name != NULL;
}

/** What is odd about a new rule. */
struct odd {
    const struct sc_call_info *info; /* NULL: any call */
    int error;                       /* 0: none */
};

static void write_warnings(struct json_out *o, const void *of)
{
    const struct odd *rule = of;
    struct strbuf text = STRBUF_INIT;

    out_open(o, '[');
    if (rule->info != NULL && rule->error != 0 && !lists_error(rule->info, rule->error)) {
        (void)strbuf_addf(&text, "%s never answers %s by itself", rule->info->name,
                          sc_errno_name(rule->error));
        out_string(o, strbuf_str(&text));
    }
    out_close(o, ']');
    strbuf_done(&text);
}

/** Remove a rule; 0: all. Returns 0, -ENOENT. */
static int remove_rule(struct machine *m, uint32_t id)
{
    struct input in = {.kind = INPUT_UNRULE, .unrule = {id}};

    return machine_input(m, &in);
}

enum request_status method_fault_add(struct request *rq, const struct rpc_fault_add_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    const struct sc_call_info *info = params->call != NULL ? sc_call_by_name(params->call) : NULL;
    struct why why = WHY_INIT;
    struct json_out o = request_result(rq);
    struct input in = {.kind = INPUT_RULE, .why = &why};
    int err;

    in.rule = (struct input_rule){.nr = info != NULL ? info->nr : FAULT_ANY_CALL,
                                  .pid = params->pid,
                                  .path = params->path,
                                  .nth = params->nth,
                                  .every = params->every,
                                  .times = params->times,
                                  .probability = params->probability,
                                  .error = errno_of(params->error),
                                  .delay_us = params->delay_us,
                                  .transfer = params->transfer};
    if (machine == NULL)
        return REQUEST_FAILED;
    if (params->pid != 0 && request_proc_of(rq, machine, params->pid) == NULL)
        return REQUEST_FAILED;
    err = machine_input(machine->m, &in);
    if (err < 0) {
        (void)fail_why(&rq->failure, err, &why);
        return REQUEST_FAILED;
    }
    if (marks_add(rq, machine, &(struct mark){.kind = MARK_FAULT, .fault = in.rule.id},
                  params->keep) < 0) {
        (void)remove_rule(machine->m, in.rule.id);
        return REQUEST_FAILED;
    }
    result_fault_add(&o, &(struct rpc_fault_add_result){
                             .fault = in.rule.id,
                             .warnings = {write_warnings, &(struct odd){info, in.rule.error}}});
    return REQUEST_DONE;
}

static void put_rule(struct json_out *o, const struct fault_rule *rule, const struct mark *mark)
{
    const struct fault_spec *s = &rule->spec;
    const struct mark_owner whose = mark_owner(mark);

    result_fault_list(o, &(struct rpc_fault_list_result){
                             .fault = rule->id,
                             .call = s->nr != FAULT_ANY_CALL ? sc_call_by_nr(s->nr)->name : NULL,
                             .pid = s->pid,
                             .path = given_name_of(s->path),
                             .nth = (int64_t)s->nth,
                             .every = (int64_t)s->every,
                             .probability = s->probability,
                             .times = (int64_t)s->times,
                             .error = s->error != 0 ? sc_errno_name(s->error) : NULL,
                             .delay_us = (int64_t)s->delay_us,
                             .transfer = (int64_t)s->transfer,
                             .matches = (int64_t)rule->matches,
                             .hits = (int64_t)rule->hits,
                             .by = whose.by,
                             .by_machine = whose.by_machine,
                             .by_uid = whose.by_uid,
                             .keep = whose.keep});
}

enum request_status method_fault_list(struct request *rq,
                                      const struct rpc_fault_list_params *params)
{
    const struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    uint64_t left = page_size(params->limit);

    if (machine == NULL)
        return REQUEST_FAILED;
    out_open(&o, '[');
    for (const struct list *i = machine->m->faults.rules.next;
         i != &machine->m->faults.rules && left > 0; i = i->next) {
        const struct fault_rule *rule = container_of(i, struct fault_rule, link);

        if (rule->id <= params->after)
            continue; /* they are in the order of their numbers */
        left--;
        put_rule(&o, rule, marks_of_fault(machine, rule->id));
    }
    out_close(&o, ']');
    return REQUEST_DONE;
}

enum request_status method_fault_clear(struct request *rq,
                                       const struct rpc_fault_clear_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    uint64_t id = params->fault;

    if (machine == NULL)
        return REQUEST_FAILED;
    if (id <= UINT32_MAX && remove_rule(machine->m, (uint32_t)id) == 0) {
        marks_cleared(machine, (uint32_t)id);
        return REQUEST_DONE;
    }
    (void)fail(&rq->failure, ENOENT, "fault", "machine '%s' has no fault rule %llu", machine->name,
               (unsigned long long)id);
    return REQUEST_FAILED;
}
