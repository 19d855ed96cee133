/* Writes the share of capitals among the letters of a title into the attribute `shouting`: a plugin in plain C. */

#include "annals_plugin.h"

#include <stdlib.h>

/* What `out` points to, in one piece of memory each. */
struct column {
    struct ArrowArray array;
    struct ArrowArray *child;
    const void *batch_buffers[1];
    const void *buffers[2];
    double values[];
};

static const char *const READS[] = {"title", NULL};
static const char *const WRITES[] = {"shouting", NULL};

static void release_child(struct ArrowArray *array) { array->release = NULL; }

static void release_array(struct ArrowArray *array) {
    struct column *column = array->private_data;
    if (column->array.release) column->array.release(&column->array);
    array->release = NULL;
    free(column);
}

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }

static int32_t open(const struct annals_call *call, struct annals_bytes config, struct annals_bytes base,
                    void **instance) {
    (void)call, (void)config, (void)base;
    *instance = NULL; /* nothing to keep */
    return 0;
}

static void close(void *instance) { (void)instance; }

static double share_of_capitals(struct annals_bytes text) {
    size_t capitals = 0, letters = 0;
    for (size_t i = 0; i < text.len; i++) {
        int capital = text.data[i] >= 'A' && text.data[i] <= 'Z';
        capitals += capital;
        letters += capital || (text.data[i] >= 'a' && text.data[i] <= 'z');
    }
    return letters ? (double)capitals / (double)letters : 0.0;
}

static int32_t process(const struct annals_call *call, void *instance, const struct ArrowArray *batch,
                       const struct ArrowSchema *schema, struct ArrowArray *out, struct ArrowSchema *out_schema) {
    (void)instance;
    int64_t title = annals_column(schema, "title");
    struct column *column = malloc(sizeof *column + (size_t)batch->length * sizeof(double));
    if (title < 0 || column == NULL) {
        free(column);
        call->fail(call, annals_text("no_memory"), annals_text("no title, or no memory for the shares"));
        return 1;
    }
    for (int64_t row = 0; row < batch->length; row++) {
        column->values[row] = share_of_capitals(annals_text_at(batch->children[title], batch->offset + row));
    }
    column->buffers[0] = NULL; /* no nulls, so no bitmap */
    column->buffers[1] = column->values;
    column->batch_buffers[0] = NULL;
    column->array = (struct ArrowArray){
        .length = batch->length, .n_buffers = 2, .buffers = column->buffers, .release = release_child};
    column->child = &column->array;
    *out = (struct ArrowArray){.length = batch->length,
                               .n_buffers = 1,
                               .n_children = 1,
                               .buffers = column->batch_buffers,
                               .children = &column->child,
                               .release = release_array,
                               .private_data = column};

    /* The schema is the same every time, so it need not be made: releasing it only marks the copy. */
    static struct ArrowSchema child = {.format = "g", .name = "shouting", .release = release_schema};
    static struct ArrowSchema *children[] = {&child};
    *out_schema = (struct ArrowSchema){
        .format = "+s", .name = "", .n_children = 1, .children = children, .release = release_schema};
    return 0;
}

static const struct annals_plugin PLUGIN = {
    .size = sizeof(struct annals_plugin),
    .kind = ANNALS_KIND_ARTICLE,
    .version = 1,
    .name = "shouting",
    .built_with = "C",
    .reads = READS,
    .writes = WRITES,
    .config_schema = "{\"type\": \"object\", \"properties\": {}, \"additionalProperties\": false}",
    .open = open,
    .process = process,
    .close = close,
};

const uint32_t annals_abi_version = ANNALS_ABI_VERSION;

const struct annals_plugin *annals_plugin_describe(void) { return &PLUGIN; }
