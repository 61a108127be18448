/* SPDX-License-Identifier: MIT */
/*
 * Steps are kept for :save, each with its result, unless it states one.
 *
 * A scenario has a fresh machine. So numbers that differ there (processes, descriptors) are
 * captured, and later steps use the variables; values that differ each time (times, data of
 * devices) are not stated.
 */
#include "client/cli/base/json.h"
#include "client/cli/scenario/scn_ast.h"
#include "client/cli/shell/shell.h"

#include <stdlib.h>
#include <string.h>

/* ---- numbers that later steps use ---- */

static const char *handle_name(const struct shell_saved *v, int32_t owner, int32_t number)
{
    for (size_t i = v->handle_count; i > 0; i--) {
        if (v->handles[i - 1].owner == owner && v->handles[i - 1].number == number)
            return v->handles[i - 1].name;
    }
    return NULL;
}

/* Note that a variable has a number from now on. @name copied. */
static void note_handle(struct shell_saved *v, int32_t owner, int32_t number, const char *name)
{
    struct shell_handle *larger;
    char *copy = strdup(name);

    for (size_t i = 0; i < v->handle_count; i++) { /* it had another number before */
        if (strcmp(v->handles[i].name, name) == 0)
            v->handles[i].number = -1;
    }
    larger = realloc(v->handles, (v->handle_count + 1) * sizeof *larger);
    if (larger != NULL)
        v->handles = larger;
    if (larger == NULL || copy == NULL) {
        free(copy);
        return;
    }
    v->handles[v->handle_count++] = (struct shell_handle){owner, number, copy};
}

/* What a step is kept from. */
struct keeping {
    struct shell *sh;
    const struct scn_step *step;
    const struct scn_result *r;
    const struct sc_call_info *call;
    int32_t pid; /* the caller */
};

/* A name for a number that came, which the saved line captures. */
static void add_capture(struct keeping *k, struct strbuf *out, enum sc_kind kind, int32_t number)
{
    struct shell_saved *v = &k->sh->saved;
    bool pid = kind == SC_K_pid;
    const char *known = kind == SC_K_ofd ? handle_name(v, k->pid, number) : NULL;
    char name[24];

    if (known != NULL || (kind == SC_K_ofd && number == 0)) { /* one of those that were given */
        (void)strbuf_addf(out, known != NULL ? "${%s}" : "0", known);
        return;
    }
    (void)snprintf(name, sizeof name, pid ? "pid_%d" : "fd_%d",
                   pid ? ++v->pid_count : ++v->fd_count);
    note_handle(v, pid ? 0 : k->pid, number, name);
    (void)strbuf_addf(out, "$%s", name);
}

/* ---- values as the language writes them ---- */

static void add_flags(struct strbuf *out, const cJSON *list)
{
    const cJSON *item;

    if (list->child == NULL)
        (void)strbuf_adds(out, "[]");
    cJSON_ArrayForEach(item, list) {
        (void)strbuf_addf(out, "%s%s", item != list->child ? "," : "",
                          cJSON_IsString(item) ? item->valuestring : "");
    }
}

static bool all_strings(const cJSON *list)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsString(item))
            return false;
    }
    return true;
}

/* Whether a value can be stated: it will be the same in another run. */
static bool is_repeatable(enum sc_kind kind, const cJSON *value)
{
    const cJSON *coded = json_member(value, "base64");

    if (kind == SC_K_time || kind == SC_K_usecs || kind == SC_K_fds || kind == SC_K_argv)
        return false;
    if (cJSON_IsArray(value))
        return all_strings(value);
    if (cJSON_IsString(value) && strlen(value->valuestring) > SHELL_STATED_MAX)
        return false;
    return cJSON_IsNumber(value) || cJSON_IsString(value) || cJSON_IsString(coded);
}

static void add_value(struct strbuf *out, enum sc_kind kind, const cJSON *value)
{
    const char *json = sc_kinds[kind].json;
    char *text = NULL;

    if (cJSON_IsArray(value)) {
        add_flags(out, value);
    } else if (cJSON_IsObject(value)) {
        (void)strbuf_addf(out, "b64\"%s\"", json_text(value, "base64"));
    } else if (cJSON_IsString(value) && (strcmp(json, "name") == 0 || strcmp(json, "data") == 0)) {
        shell_add_string(out, value);
    } else {
        text = cJSON_IsString(value) ? strdup(value->valuestring) : scbox_json(value);
        (void)strbuf_adds(out, text != NULL ? text : "*");
        free(text);
    }
}

/* The kind of a member of a call's result; SC_K_COUNT when the table has none. */
static enum sc_kind kind_of(const struct sc_call_info *call, const char *member)
{
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++) {
        if (r->type == NULL &&
            (strcmp(r->name, member) == 0 || (r->kind == SC_K_buf && strcmp("data", member) == 0)))
            return r->kind;
        for (const struct sc_struct_info *s = sc_structs; r->type != NULL && s->name != NULL; s++) {
            for (const struct sc_field_info *f = s->fields;
                 strcmp(s->name, r->type) == 0 && f->name != NULL; f++) {
                if (strcmp(f->name, member) == 0)
                    return f->kind;
            }
        }
    }
    return SC_K_COUNT;
}

/* ---- results ---- */

/* The driver behind a handle of the shell's process, returned; NULL when that is not known. */
static char *driver_of_fd(struct shell *sh, int32_t fd)
{
    cJSON *handles = NULL;
    cJSON *names = NULL;
    const cJSON *item;
    const char *file = "";
    char *driver = NULL;

    (void)scbox_call_tree(sh->reach.conn, "fd.list", NULL, SHELL_CALL_MS, &handles, NULL);
    (void)scbox_call_tree(sh->reach.conn, "ns.list", NULL, SHELL_CALL_MS, &names, NULL);
    cJSON_ArrayForEach(item, handles) {
        if (json_int(item, "fd") == fd)
            file = json_text(item, "file");
    }
    cJSON_ArrayForEach(item, names) {
        const char *name = json_text(item, "name");
        size_t len = strlen(name);

        if (len > 0 && strncmp(file, name, len) == 0 && file[len] == ':')
            driver = strdup(json_text(item, "driver"));
    }
    cJSON_Delete(handles);
    cJSON_Delete(names);
    return driver;
}

/* Whether bytes that came can be stated: they are of a file, not of a device. */
static bool is_of_file(struct keeping *k)
{
    const cJSON *item = NULL;
    cJSON *sent = NULL;
    const char *space = k->r->sent != NULL ? strchr(k->r->sent, ' ') : NULL;
    char *driver = NULL;
    bool is = false;

    if (k->pid != k->sh->feed.own_pid || space == NULL)
        return false;
    sent = cJSON_Parse(space);
    item = json_member(sent, "fd");
    if (cJSON_IsNumber(item))
        driver = driver_of_fd(k->sh, item->valueint);
    is = item == NULL ||
         (driver != NULL && (strcmp(driver, "ramfs") == 0 || strcmp(driver, "sqlitefs") == 0));
    free(driver);
    cJSON_Delete(sent);
    return is;
}

/* Add what is stated of a member, maybe a name it is captured by. Returns whether there is
 * anything. */
static bool add_member(struct keeping *k, struct strbuf *out, const cJSON *member, bool alone)
{
    enum sc_kind kind = kind_of(k->call, member->string);
    bool handle = kind == SC_K_fd || kind == SC_K_ofd || kind == SC_K_pid;
    struct strbuf value = STRBUF_INIT;

    if (kind == SC_K_COUNT || (kind == SC_K_buf && !is_of_file(k)))
        return false;
    if (kind == SC_K_pid && !alone)
        return false; /* of what is told of a process; its number is known */
    if (handle && cJSON_IsNumber(member))
        add_capture(k, &value, kind, member->valueint);
    else if (!handle && is_repeatable(kind, member))
        add_value(&value, kind, member);
    if (cJSON_IsString(member) && strcmp(member->string, "driver") == 0) {
        strbuf_reset(&value);
        (void)strbuf_adds(&value, shell_driver_in_test(member->valuestring));
    }
    if (value.len > 0 && !alone)
        (void)strbuf_addf(out, "%s%s: ", out->len > 0 ? ", " : "", member->string);
    (void)strbuf_adds(out, strbuf_str(&value));
    strbuf_done(&value);
    return out->len > 0;
}

/* What came, as "= …"; nothing when nothing of it can be stated. */
static void add_result(struct keeping *k, struct strbuf *out)
{
    const cJSON *value = k->r->value;
    bool coded = cJSON_HasObjectItem(value, "encoding");
    struct strbuf members = STRBUF_INIT;
    const cJSON *member;

    if (k->call == NULL || !cJSON_IsObject(value) || value->child == NULL)
        return;
    if (coded || value->child->next == NULL) {
        member = coded ? json_member(value, "data") : value->child;
        if (member != NULL && add_member(k, &members, member, true))
            (void)strbuf_addf(out, " = %s%s", coded ? "b64" : "", strbuf_str(&members));
        strbuf_done(&members);
        return;
    }
    cJSON_ArrayForEach(member, value)
        (void)add_member(k, &members, member, false);
    if (members.len > 0)
        (void)strbuf_addf(out, " = {%s}", strbuf_str(&members));
    strbuf_done(&members);
}

/* ---- numbers in what was typed ---- */

/* A place in the line where a number is to be replaced by a variable. */
struct place {
    int column;
    size_t len;
    const char *name;
};

enum { PLACES_MAX = 64 };

struct places {
    struct place at[PLACES_MAX];
    size_t count;
};

static void add_place(const struct keeping *k, struct places *p, const struct scn_value *v,
                      int32_t owner)
{
    const char *name = NULL;

    if (v->kind == SCN_NUMBER && p->count < PLACES_MAX)
        name = handle_name(&k->sh->saved, owner, (int32_t)strtol(v->text, NULL, 0));
    if (name != NULL)
        p->at[p->count++] = (struct place){v->column, strlen(v->text), name};
    for (size_t i = 0; i < v->member_count && v->kind == SCN_ARRAY; i++)
        add_place(k, p, v->members[i].value, owner);
}

/* Whose numbers an argument holds: a process of kind pid, a descriptor of kind fd. */
static void add_arg_places(const struct keeping *k, struct places *p, const char *name,
                           const struct sc_field_info *info, const struct scn_value *v)
{
    bool pid = info != NULL ? info->kind == SC_K_pid : name != NULL && strcmp(name, "pid") == 0;
    bool fd = info != NULL
                  ? info->kind == SC_K_fd || info->kind == SC_K_ofd || info->kind == SC_K_fds
                  : name != NULL && strcmp(name, "fd") == 0;

    if (pid || fd)
        add_place(k, p, v, pid ? 0 : k->pid);
    for (size_t i = 0; info == NULL && v->kind == SCN_OBJECT && i < v->member_count; i++)
        add_arg_places(k, p, v->members[i].key, NULL, v->members[i].value);
}

static int by_column(const void *a, const void *b)
{
    return ((const struct place *)a)->column - ((const struct place *)b)->column;
}

static void find_places(const struct keeping *k, struct places *p)
{
    const struct scn_step *step = k->step;

    if (step->actor != NULL)
        add_place(k, p, step->actor, 0);
    for (size_t i = 0; i < step->arg_count; i++)
        add_arg_places(k, p, step->args[i].name, step->args[i].info, step->args[i].value);
    qsort(p->at, p->count, sizeof p->at[0], by_column);
}

/* Add a line with its numbers replaced. */
static void add_typed(const struct keeping *k, struct strbuf *out, const char *line)
{
    struct places p = {.count = 0};
    size_t len = strlen(line);
    size_t at = 0;

    find_places(k, &p);
    for (size_t i = 0; i < p.count; i++) {
        size_t start = (size_t)p.at[i].column - 1;

        if (start < at || start + p.at[i].len > len)
            continue;
        (void)strbuf_add(out, line + at, start - at);
        (void)strbuf_addf(out, "$%s", p.at[i].name);
        at = start + p.at[i].len;
    }
    (void)strbuf_adds(out, line + at);
}

/* Note the variables that a step captured by itself. */
static void note_captures(struct keeping *k)
{
    const struct scn_value *pattern = k->step->expect.pattern;
    const cJSON *value = k->r->value;

    if (k->call == NULL || pattern == NULL || !cJSON_IsObject(value))
        return;
    for (const cJSON *m = value->child; m != NULL; m = m->next) {
        enum sc_kind kind = kind_of(k->call, m->string);
        const struct scn_value *v = value->child->next == NULL ? pattern : NULL;

        for (size_t i = 0; pattern->kind == SCN_OBJECT && i < pattern->member_count; i++) {
            if (strcmp(pattern->members[i].key, m->string) == 0)
                v = pattern->members[i].value;
        }
        if (v == NULL || v->kind != SCN_VAR || !cJSON_IsNumber(m))
            continue;
        if (kind == SC_K_pid || kind == SC_K_fd || kind == SC_K_ofd)
            note_handle(&k->sh->saved, kind == SC_K_pid ? 0 : k->pid, m->valueint, v->text);
    }
}

/* ---- steps ---- */

static void add_refusal(struct strbuf *out, const struct scbox_error *error)
{
    if (error->code > 0)
        (void)strbuf_addf(out, " ! %s", sc_errno_name(error->code));
    else
        (void)strbuf_addf(out, " ! %d", error->code);
}

/* The member of a result that a pattern is about; NULL: all of it, or none. */
static const cJSON *member_of(const cJSON *value, const char *key)
{
    if (key != NULL)
        return json_member(value, key);
    return cJSON_IsObject(value) && value->child != NULL && value->child->next == NULL
               ? value->child
               : NULL;
}

/* Whether a line states the number of a process or descriptor: it can be another one in a test. */
static bool states_handle(const struct keeping *k)
{
    const struct scn_value *pattern = k->step->expect.pattern;
    size_t count = pattern != NULL && pattern->kind == SCN_OBJECT ? pattern->member_count : 1;
    bool handle = false;

    for (size_t i = 0; pattern != NULL && k->call != NULL && i < count; i++) {
        bool object = pattern->kind == SCN_OBJECT;
        const struct scn_value *v = object ? pattern->members[i].value : pattern;
        const cJSON *m = member_of(k->r->value, object ? pattern->members[i].key : NULL);
        enum sc_kind kind = m != NULL ? kind_of(k->call, m->string) : SC_K_COUNT;

        handle = handle || (v->kind == SCN_NUMBER &&
                            (kind == SC_K_fd || kind == SC_K_ofd || kind == SC_K_pid));
    }
    return handle;
}

static void add_step(struct keeping *k, struct strbuf *out)
{
    const struct scn_step *step = k->step;
    bool refused = k->r->error.code > 0 || k->r->error.code < SHELL_NO_ERRNO;
    bool going_on = step->background != 0 && step->kind != SCN_WAIT;
    bool stated =
        step->expect.kind != SCN_SUCCEEDS && k->r->outcome == SCN_PASS && !states_handle(k);
    bool looks = step->kind >= SCN_EXPECT_FILE && step->kind <= SCN_EXPECT_NEVER;

    if (looks && k->r->outcome != SCN_PASS)
        (void)strbuf_adds(out, "# it did not hold: ");
    add_typed(k, out, stated || going_on || looks ? step->source : step->act);
    if (stated || going_on)
        note_captures(k);
    else if (refused)
        add_refusal(out, &k->r->error);
    else if (step->kind != SCN_RUN && !looks)
        add_result(k, out);
    if (step->kind == SCN_RUN)
        shell_add_run(out, step, k->r);
}

/* The host path of a step that begins in the current directory, returned; NULL it has none. */
static char *host_path(const struct scn_step *step)
{
    const struct scn_value *v = step->arg_count > 0 ? step->args[0].value : NULL;
    const char *path =
        v != NULL && v->piece_count == 1 && !v->pieces[0].is_var ? v->pieces[0].text : NULL;
    size_t name;

    if ((step->kind != SCN_RUN && step->kind != SCN_COPY) || path == NULL || path[0] == '/')
        return NULL;
    name = strcspn(path, ":/");
    return path[name] == ':' ? NULL : strdup(path);
}

static bool has_room(struct shell_saved *v, size_t bytes)
{
    size_t room = v->room != 0 ? v->room * 2 : 64;
    struct shell_step_saved *larger = v->steps;

    if (v->bytes + bytes > SHELL_TYPED_MAX)
        return false;
    if (v->count < v->room)
        return true;
    larger = realloc(v->steps, room * sizeof *larger);
    if (larger == NULL)
        return false;
    v->steps = larger;
    v->room = room;
    return true;
}

/* Keep a step, whose texts are taken. */
static void append(struct shell_saved *v, const struct shell_step_saved *step)
{
    if (has_room(v, strlen(step->text))) {
        v->steps[v->count++] = *step;
        v->bytes += strlen(step->text) + 1;
        return;
    }
    v->left_out++;
    free(step->text);
    free(step->host);
}

void shell_keep(struct shell *sh, const struct scn_step *step, const struct scn_result *r)
{
    struct keeping k = {sh, step, r, r->call, scn_step_pid(sh->session, step)};
    struct strbuf text = STRBUF_INIT;
    struct shell_step_saved saved = {0};
    bool waits = step->kind == SCN_WAIT;

    if (r->outcome == SCN_ERROR || r->outcome == SCN_TIMEOUT)
        return;
    if (step->kind == SCN_COMMENT)
        (void)strbuf_addf(&text, "# %s", step->method);
    else
        add_step(&k, &text);
    saved.text = strbuf_take(&text);
    saved.background = waits ? 0 : step->background;
    saved.waits = waits ? step->background : 0;
    saved.host = host_path(step);
    if (saved.text != NULL)
        append(&sh->saved, &saved);
}

void shell_keep_key(struct shell *sh, const char *line)
{
    if (sh->saved.head.len + strlen(line) < SHELL_TYPED_MAX)
        (void)strbuf_addf(&sh->saved.head, "%s\n", line);
}

void shell_saved_done(struct shell_saved *v)
{
    for (size_t i = 0; i < v->count; i++) {
        free(v->steps[i].text);
        free(v->steps[i].host);
    }
    for (size_t i = 0; i < v->handle_count; i++)
        free(v->handles[i].name);
    free(v->steps);
    free(v->handles);
    strbuf_done(&v->head);
    *v = (struct shell_saved){0};
}
