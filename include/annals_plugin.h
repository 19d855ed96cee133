/*
 * The plugin door of annals: what a stage in a dynamic library exports.
 *
 * A plugin exports two symbols:
 *
 *     const uint32_t annals_abi_version = ANNALS_ABI_VERSION;
 *     const struct annals_plugin *annals_plugin_describe(void);
 *
 * The first is read before any code of the plugin is called. The second gives a structure, with static storage, that
 * says what the stage is and where its entry points are. Rust plugins need none of this: see `export_stage!` in the
 * crate annals-plugin.
 *
 * RULES OF THE DOOR
 *
 * Batches     cross in the Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html) as one
 *             struct array ("+s"): a child for each column, found by the `name` of its schema.
 * In          A batch has `article_id`, `source_id` and `path`, then the columns in `reads`. It stays the host's and is
 *             good until the entry point returns: read it, do not change it, do not call its `release`.
 * Out         The plugin fills `out` and `out_schema` with a struct array of the columns in `writes`, all of them and no
 *             others, one row for each row that came in, in the same order. They stay the plugin's until the host calls
 *             `release` of each, once, from any thread.
 * Columns     text is "u" (UTF-8), whole numbers "l", precisions "i", degrees "g", similarity "f", days "tdD", lists
 *             "+l". A name that is no column of an article is an attribute, shown as a column of its own in the tables:
 *             it comes in as JSON text, and goes out as any of b, c, C, s, S, i, I, l, L, f, g, u, U, tdD, lists or
 *             structs of these, or as JSON text if its schema is marked with the extension name `arrow.json`.
 * Rejecting   `reject` takes the article in a row out of the run. Its row in `out` must hold something, which is ignored.
 * Errors      An entry point returns 0, or calls `fail` and returns another number. C++ exceptions and the like must not
 *             leave it. A batch that fails is tried again article by article, and what fails alone is rejected.
 * Threads     Entry points of one instance may be called from several threads at once, unless the stage has
 *             `isolate = true`: then each instance is in a process of its own with one thread. The functions of
 *             `annals_call` are called from the thread of the call, while it lasts.
 * Purity      What a stage gives depends on its config and its input alone, not on the size of a batch or on what came
 *             before.
 * Text        `struct annals_bytes` is UTF-8 wherever text is meant; it does not end with NUL.
 */
#ifndef ANNALS_PLUGIN_H
#define ANNALS_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ANNALS_ABI_VERSION 1

#ifdef _WIN32
#define ANNALS_EXPORT __declspec(dllexport)
#else
#define ANNALS_EXPORT __attribute__((visibility("default")))
#endif

/* The Arrow C data interface, as its specification has it. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

/* Bytes of someone else; `data` may be null when `len` is 0. */
struct annals_bytes {
    const uint8_t *data;
    size_t len;
};

/* Sees one key and its value; anything but 0 ends the scan. */
typedef int32_t (*annals_visit)(void *context, struct annals_bytes key, struct annals_bytes value);

/* What the host does for the plugin during one call. All bytes are copied before a function returns. */
struct annals_call {
    void *host;
    /* Tells why the call fails: a fixed code in snake_case (for `open` the key at fault), and the message. */
    void (*fail)(const struct annals_call *call, struct annals_bytes code, struct annals_bytes message);
    /* process, map: takes the article in a row out of the run, with a fixed code in snake_case and a message. */
    void (*reject)(const struct annals_call *call, uint64_t row, struct annals_bytes code,
                   struct annals_bytes message);
    /* merge, fingerprint: gives the one value. */
    void (*put)(const struct annals_call *call, struct annals_bytes value);
    /* map: adds a partial result of the article in a row. */
    void (*emit)(const struct annals_call *call, uint64_t row, struct annals_bytes key, struct annals_bytes value);
    /* finish: visits every key with a prefix, in byte order. 0, what `visit` returned, or -1 when partials cannot be
     * read. */
    int32_t (*scan)(const struct annals_call *call, struct annals_bytes prefix, annals_visit visit, void *context);
    /* finish: visits one key, if it has a value; returns as `scan` does. */
    int32_t (*get)(const struct annals_call *call, struct annals_bytes key, annals_visit visit, void *context);
    /* finish: gives an article its verdict, at most one an article. */
    void (*verdict)(const struct annals_call *call, struct annals_bytes article_id, struct annals_bytes verdict);
    /* finish: adds rows to a table of the output, in final order, and takes them over. */
    void (*table)(const struct annals_call *call, struct annals_bytes name, struct ArrowArray *rows,
                  struct ArrowSchema *schema);
    /* finish: gives a number for run.json. */
    void (*count)(const struct annals_call *call, struct annals_bytes name, uint64_t value);
};

/* Kinds of stage. */
#define ANNALS_KIND_ARTICLE 1 /* looks at each article by itself: needs `process` */
#define ANNALS_KIND_CORPUS 2  /* needs the whole corpus: needs `map`, `merge`, `finish` and `apply` */

/* The last column of the batch that `apply` gets: one verdict ("z", bytes) a row. */
#define ANNALS_VERDICT_COLUMN "verdict"

/* What the stage is, and its entry points; those that its kind does not need may be null. */
struct annals_plugin {
    size_t size;              /* sizeof(struct annals_plugin) */
    uint32_t kind;            /* ANNALS_KIND_… */
    uint32_t version;         /* raised whenever the results for some input may change */
    const char *name;         /* what `use` gives: a-z, 0-9 and _ */
    const char *built_with;   /* for error messages; may be null */
    const char *const *reads; /* columns read; ends with a null pointer */
    const char *const *writes; /* columns written; ends with a null pointer */
    const char *config_schema; /* JSON Schema of the config; keys and plain types of the top level are checked
                                * before `open` is called. Null for a stage that checks its config itself. */

    /* Checks the config, a JSON object, and makes an instance. `base` is the folder of the pipeline file. */
    int32_t (*open)(const struct annals_call *call, struct annals_bytes config, struct annals_bytes base,
                    void **instance);
    /* Puts a digest of whatever else the results depend on, such as a word list; may be null. */
    int32_t (*fingerprint)(const struct annals_call *call, void *instance);
    /* Gives the columns that the stage writes. */
    int32_t (*process)(const struct annals_call *call, void *instance, const struct ArrowArray *batch,
                       const struct ArrowSchema *schema, struct ArrowArray *out, struct ArrowSchema *out_schema);
    /* Emits the partial results of a batch. */
    int32_t (*map)(const struct annals_call *call, void *instance, const struct ArrowArray *batch,
                   const struct ArrowSchema *schema);
    /* Puts the merged value of two of one key; associative and commutative. */
    int32_t (*merge)(const struct annals_call *call, void *instance, struct annals_bytes key,
                     struct annals_bytes left, struct annals_bytes right);
    /* Scans the merged partials; gives verdicts, tables and counts. */
    int32_t (*finish)(const struct annals_call *call, void *instance);
    /* Gives the columns that the stage writes for articles that have a verdict. */
    int32_t (*apply)(const struct annals_call *call, void *instance, const struct ArrowArray *batch,
                     const struct ArrowSchema *schema, struct ArrowArray *out, struct ArrowSchema *out_schema);
    /* Frees an instance. */
    void (*close)(void *instance);
};

/* Text of C as the door takes it. */
static inline struct annals_bytes annals_text(const char *text) {
    struct annals_bytes bytes;
    bytes.data = (const uint8_t *)text;
    bytes.len = strlen(text);
    return bytes;
}

/* The column of a name, or -1. */
static inline int64_t annals_column(const struct ArrowSchema *schema, const char *name) {
    int64_t i;
    for (i = 0; i < schema->n_children; i++) {
        if (strcmp(schema->children[i]->name, name) == 0) return i;
    }
    return -1;
}

/* The text in a row of a "u" column; without data if it is null. */
static inline struct annals_bytes annals_text_at(const struct ArrowArray *column, int64_t row) {
    const uint8_t *valid = (const uint8_t *)column->buffers[0];
    const int32_t *offsets = (const int32_t *)column->buffers[1];
    struct annals_bytes text = {NULL, 0};
    int64_t at = column->offset + row;
    if (valid != NULL && !(valid[at / 8] >> (at % 8) & 1)) return text;
    text.data = (const uint8_t *)column->buffers[2] + offsets[at];
    text.len = (size_t)(offsets[at + 1] - offsets[at]);
    return text;
}

/* What a plugin exports. */
ANNALS_EXPORT extern const uint32_t annals_abi_version;
ANNALS_EXPORT const struct annals_plugin *annals_plugin_describe(void);

#ifdef __cplusplus
}
#endif

#endif /* ANNALS_PLUGIN_H */
