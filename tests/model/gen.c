/* SPDX-License-Identifier: MIT */
#include "tests/model/gen.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct text {
    struct text *next;
    max_align_t bytes[];
};

char *gen_text(struct gen *g, size_t size)
{
    return gen_memory(g, size);
}

void *gen_memory(struct gen *g, size_t size)
{
    struct text *t = calloc(1, sizeof(*t) + size);

    if (t == NULL)
        abort();
    t->next = g->texts;
    g->texts = t;
    return t->bytes;
}

void gen_done(struct gen *g)
{
    for (struct text *t = g->texts; t != NULL;) {
        struct text *next = t->next;

        free(t);
        t = next;
    }
    g->texts = NULL;
}

uint32_t gen_draw(struct gen *g, uint32_t below)
{
    g->state ^= g->state >> 12;
    g->state ^= g->state << 25;
    g->state ^= g->state >> 27;
    return (uint32_t)((g->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

/** A process that can make a call, drawn; actor 0 most often. */
static struct mproc *draw_actor(struct gen *g, int *out_actor)
{
    const struct model *m = g->play->m;
    struct mproc *drawn = play_actor(g->play, 0);
    uint32_t seen = 3;

    *out_actor = 0;
    for (size_t i = 0; i < m->proc_count; i++) {
        struct mproc *p = m->procs[i];

        if (p->made_by == 0 || p->gone || model_ended(p))
            continue;
        seen += p->label_count > 0 ? 3 : 1; /* who has names does more */
        if (gen_draw(g, seen) >= (p->label_count > 0 ? 3 : 1))
            continue;
        drawn = p;
        *out_actor = p->made_by;
    }
    return drawn;
}

/** The first steps: a filesystem to begin with. */
static bool begin(struct gen *g, struct step *out)
{
    if (out->id != 1 || play_actor(g->play, 0)->label_count > 0)
        return false;
    out->nr = SC_MAKE_FS;
    out->args[0] = gen_string("ramfs");
    out->args[1] = gen_string("r");
    out->args[3] = gen_string("");
    return true;
}

/** A touch of memory: mostly in a region, and where a file has bytes. */
static void gen_touch(struct gen *g, struct mproc *actor, struct step *out)
{
    const struct mregion *r = &actor->regions[gen_draw(g, (uint32_t)actor->region_count)];
    uint64_t size = r->size;

    if (r->file != NULL && r->file->inode->size > r->offset &&
        r->file->inode->size - r->offset < size)
        size = r->file->inode->size - r->offset;
    out->nr = gen_draw(g, 2) == 0 ? STEP_READ_MEMORY : STEP_WRITE_MEMORY;
    out->args[0] = gen_number((int64_t)(r->addr + gen_draw(g, (uint32_t)size)));
    if (gen_draw(g, 40) == 0)
        out->args[0] = gen_address(g, actor);
    if (out->nr == STEP_READ_MEMORY) {
        out->args[1] = gen_number(1 + gen_draw(g, gen_draw(g, 8) == 0 ? 5000 : 16));
        return;
    }
    out->args[1] = gen_data(g);
    if (out->args[1].len > 16 && gen_draw(g, 4) != 0)
        out->args[1].len = 1 + gen_draw(g, 16);
}

/** Whether an allocation of a call may be refused and the call be as if it had not been made. What
 * ends a mapping stores its bytes, and can only tell that it could not. */
static bool may_lack_memory(const struct gen *g, int nr)
{
    const struct model *m = g->play->m;

    if (nr != SC_CLOSE && nr != SC_MUNMAP && nr != SC_EXIT && nr != SC_PROC_KILL)
        return true;
    for (size_t i = 0; i < m->proc_count; i++) {
        for (size_t r = 0; r < m->procs[i]->region_count; r++) {
            if (m->procs[i]->regions[r].file != NULL)
                return false;
        }
    }
    return true;
}

void gen_next(struct gen *g, struct step *out)
{
    struct mproc *actor;

    memset(out, 0, sizeof(*out));
    if (g->next_count > 0)
        *out = g->next[--g->next_count];
    out->id = ++g->last_id;
    out->refused_alloc = -1;
    if (out->nr != 0 || begin(g, out))
        return;
    if (gen_draw(g, 12) == 0) {
        out->nr = STEP_TICK;
        return;
    }
    actor = draw_actor(g, &out->actor);
    if (out->actor != 0 && gen_draw(g, 60) == 0) {
        out->nr = STEP_USER;
        out->args[0].num = gen_draw(g, 3);
        out->args[1].num = gen_draw(g, 3);
        return;
    }
    if (actor->region_count > 0 && out->actor != 0 && gen_draw(g, 10) == 0) {
        gen_touch(g, actor, out);
        return;
    }
    do
        gen_call(g, actor, out);
    while (out->nr == SC_EXIT && out->actor == 0);
    if (out->nr == SC_NEW_PROC && actor->label_count > 0 && gen_draw(g, 8) != 0) {
        struct step_arg own = gen_copy(g, actor->labels[0].text);

        g->next[g->next_count++] = (struct step){
            .nr = SC_BIND_FS, .actor = out->actor, .args = {{.ref = out->id}, own, own}};
    }
    if (g->refuse_memory && gen_draw(g, 4) == 0 && may_lack_memory(g, out->nr))
        out->refused_alloc = gen_draw(g, 8);
}
