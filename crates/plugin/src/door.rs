//! Record batches through the Arrow C data interface, with all that comes in checked before it is looked at.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use arrow_array::{Array, RecordBatch, StructArray};

use crate::abi::{ArrowArray, ArrowSchema};

/// A batch that does not keep to the interface.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DoorError(String);

type Result<T, E = DoorError> = std::result::Result<T, E>;

const MAX_DEPTH: usize = 32;
const MAX_CHILDREN: i64 = 4096;
const MAX_NAME: usize = 1024;

// The casts between the two views of one C struct rest on this.
const _: () = assert!(size_of::<ArrowArray>() == size_of::<FFI_ArrowArray>());
const _: () = assert!(size_of::<ArrowSchema>() == size_of::<FFI_ArrowSchema>());

/// Writes a batch in the form of the interface; dropping the two frees it.
///
/// # Errors
/// When the batch has a type that the interface does not know.
pub fn export(batch: RecordBatch) -> Result<(ArrowArray, ArrowSchema)> {
    let (array, schema) =
        to_ffi(&StructArray::from(batch).into_data()).map_err(|e| DoorError(e.to_string()))?;
    // SAFETY: both are the same C struct, and their sizes are compared above.
    Ok(unsafe {
        (
            std::mem::transmute::<FFI_ArrowArray, ArrowArray>(array),
            std::mem::transmute::<FFI_ArrowSchema, ArrowSchema>(schema),
        )
    })
}

/// Takes over a batch that the other side of the door filled in. Whatever happens, it is released once.
///
/// Counts, pointers that must not be null, offsets, null counts and UTF-8 are checked. A pointer that leads nowhere
/// cannot be told from a good one: what is not trusted that far runs isolated.
///
/// # Errors
/// When it does not keep to the interface.
///
/// # Safety
/// Pointers that are not null lead to memory of the size that the counts state, until `release`.
pub unsafe fn import(array: ArrowArray, schema: ArrowSchema) -> Result<RecordBatch> {
    if array.release.is_none() || schema.release.is_none() {
        return Err(DoorError("no batch was given back".to_owned()));
    }
    // SAFETY: by the caller's promise.
    unsafe { check(&array, &schema, "batch", 0) }?;
    // SAFETY: as above; the checks passed.
    let data = unsafe { read(array, &schema) }?;
    data.data().validate_full().map_err(|error| DoorError(error.to_string()))?;
    batch_of(data)
}

/// Looks at a batch that stays the other side's.
///
/// # Errors
/// When it does not keep to the interface.
///
/// # Safety
/// As [`import`], the text in it is UTF-8, and the batch must be dropped before the memory is.
pub unsafe fn borrow(array: *const ArrowArray, schema: *const ArrowSchema) -> Result<RecordBatch> {
    if array.is_null() || schema.is_null() {
        return Err(DoorError("the batch is a null pointer".to_owned()));
    }
    // SAFETY: by the caller's promise; a copy without `release` frees nothing.
    let (mut array, schema) = unsafe { (std::ptr::read(array), &*schema) };
    array.release = None;
    // SAFETY: by the caller's promise.
    unsafe { check(&array, schema, "batch", 0) }?;
    // SAFETY: as above; the checks passed.
    batch_of(unsafe { read(array, schema) }?)
}

/// Array data that has come in, not yet a batch.
struct Incoming(arrow_data::ArrayData);

impl Incoming {
    fn data(&self) -> &arrow_data::ArrayData {
        &self.0
    }
}

/// # Safety
/// `array` has passed [`check`] with `schema`.
unsafe fn read(array: ArrowArray, schema: &ArrowSchema) -> Result<Incoming> {
    // SAFETY: both are the same C struct, and their sizes are compared above.
    let array = unsafe { std::mem::transmute::<ArrowArray, FFI_ArrowArray>(array) };
    // SAFETY: as above.
    let schema = unsafe { &*std::ptr::from_ref(schema).cast::<FFI_ArrowSchema>() };
    // A panic inside would be a gap in the checks; it must not cross the door.
    // SAFETY: by the caller's promise.
    let data = catch_unwind(AssertUnwindSafe(|| unsafe { from_ffi(array, schema) }));
    match data {
        Ok(Ok(data)) => Ok(Incoming(data)),
        Ok(Err(error)) => Err(DoorError(error.to_string())),
        Err(_) => Err(DoorError("the batch cannot be read".to_owned())),
    }
}

fn batch_of(data: Incoming) -> Result<RecordBatch> {
    let rows = StructArray::from(data.0);
    if rows.null_count() > 0 {
        return Err(DoorError("the batch itself has null rows".to_owned()));
    }
    Ok(rows.into())
}

/// What the format string says of an array.
enum Layout {
    Null,
    Bits,
    Fixed,
    Bytes { wide: bool },
    List { wide: bool },
    Struct,
}

fn layout(format: &str) -> Option<Layout> {
    Some(match format {
        "n" => Layout::Null,
        "b" => Layout::Bits,
        "c" | "C" => Layout::Fixed,
        "s" | "S" => Layout::Fixed,
        "i" | "I" | "f" | "tdD" => Layout::Fixed,
        "l" | "L" | "g" | "tdm" => Layout::Fixed,
        "u" | "z" => Layout::Bytes { wide: false },
        "U" | "Z" => Layout::Bytes { wide: true },
        "+l" => Layout::List { wide: false },
        "+L" => Layout::List { wide: true },
        "+s" => Layout::Struct,
        _ if format.starts_with("ts") => Layout::Fixed,
        _ => return None,
    })
}

/// # Safety
/// `text` is null or points to a string that ends with NUL within reach.
unsafe fn short_text<'a>(text: *const c_char) -> Result<&'a str, &'static str> {
    if text.is_null() {
        return Err("is a null pointer");
    }
    // SAFETY: by the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    match text.to_str() {
        Ok(text) if text.len() <= MAX_NAME => Ok(text),
        Ok(_) => Err("is too long"),
        Err(_) => Err("is not UTF-8"),
    }
}

/// Checks an array and its schema side by side, down to the leaves.
///
/// # Safety
/// Pointers that are not null lead to memory of the size that the counts state.
unsafe fn check(array: &ArrowArray, schema: &ArrowSchema, column: &str, depth: usize) -> Result<()> {
    let refuse = |what: String| Err(DoorError(format!("column `{column}` of the batch: {what}")));
    if depth > MAX_DEPTH {
        return refuse(format!("nested deeper than {MAX_DEPTH} levels"));
    }
    // SAFETY: by the caller's promise.
    let format = match unsafe { short_text(schema.format) } {
        Ok(format) => format,
        Err(what) => return refuse(format!("its format {what}")),
    };
    let Some(layout) = layout(format) else {
        return refuse(format!("format `{format}` is not one that annals reads"));
    };
    if depth == 0 && !matches!(layout, Layout::Struct) {
        return refuse(format!("format is `{format}`, a batch is a struct (`+s`)"));
    }
    if !array.dictionary.is_null() || !schema.dictionary.is_null() {
        return refuse("dictionaries are not read".to_owned());
    }
    // SAFETY: by the caller's promise.
    if let Err(what) = unsafe { check_metadata(schema.metadata) } {
        return refuse(what.to_owned());
    }
    let end = array.length.checked_add(array.offset).unwrap_or(-1);
    if array.length < 0 || array.offset < 0 || end < 0 || i32::try_from(end).is_err() {
        return refuse(format!("length {} and offset {}", array.length, array.offset));
    }
    let end = usize::try_from(end).expect("checked to lie between 0 and the largest i32");
    if array.null_count < -1 || array.null_count > array.length {
        return refuse(format!("null_count {} for {} rows", array.null_count, array.length));
    }

    let (buffers, children) = match layout {
        Layout::Null => (0, 0),
        Layout::Bits | Layout::Fixed => (2, 0),
        Layout::Bytes { .. } => (3, 0),
        Layout::List { .. } => (2, 1),
        Layout::Struct => (1, schema.n_children),
    };
    if array.n_buffers != buffers {
        return refuse(format!("n_buffers is {}, not {buffers}", array.n_buffers));
    }
    if buffers > 0 && array.buffers.is_null() {
        return refuse("buffers is a null pointer".to_owned());
    }
    let buffer = |index: usize| -> *const c_void {
        // SAFETY: n_buffers is as the layout demands, and the caller's promise holds for `buffers`.
        unsafe { *array.buffers.add(index) }
    };
    if buffers > 0 && array.null_count > 0 && buffer(0).is_null() {
        return refuse(format!("null_count is {} and there is no validity bitmap", array.null_count));
    }
    match layout {
        Layout::Bits | Layout::Fixed if end > 0 && buffer(1).is_null() => {
            return refuse("its values are a null pointer".to_owned());
        }
        Layout::Bytes { wide } => {
            // SAFETY: by the caller's promise there are `end + 1` offsets.
            let last = match unsafe { check_offsets(buffer(1), wide, end) } {
                Ok(last) => last,
                Err(what) => return refuse(what),
            };
            if last > 0 && buffer(2).is_null() {
                return refuse(format!("{last} bytes of values are a null pointer"));
            }
        }
        _ => {}
    }

    if schema.n_children != children
        || array.n_children != children
        || !(0..=MAX_CHILDREN).contains(&children)
    {
        return refuse(format!(
            "n_children is {} in the schema, {} in the array",
            schema.n_children, array.n_children
        ));
    }
    if children > 0 && (schema.children.is_null() || array.children.is_null()) {
        return refuse("children is a null pointer".to_owned());
    }
    let reach = match layout {
        Layout::List { wide } => {
            // SAFETY: by the caller's promise there are `end + 1` offsets.
            match unsafe { check_offsets(buffer(1), wide, end) } {
                Ok(last) => last,
                Err(what) => return refuse(what),
            }
        }
        _ => end,
    };
    for index in 0..usize::try_from(children).expect("checked to lie between 0 and the largest count") {
        // SAFETY: there are as many children as both counts say, by the caller's promise.
        let (child, child_schema) =
            unsafe { ((*array.children.add(index)).as_ref(), (*schema.children.add(index)).as_ref()) };
        let (Some(child), Some(child_schema)) = (child, child_schema) else {
            return refuse(format!("child {index} is a null pointer"));
        };
        // SAFETY: by the caller's promise.
        let name = match unsafe { short_text(child_schema.name) } {
            Ok(name) => name,
            Err("is a null pointer") if matches!(layout, Layout::List { .. }) => "",
            Err(what) => return refuse(format!("the name of child {index} {what}")),
        };
        let path = if depth == 0 { name.to_owned() } else { format!("{column}.{name}") };
        // SAFETY: by the caller's promise.
        unsafe { check(child, child_schema, &path, depth + 1) }?;
        if usize::try_from(child.length).is_ok_and(|length| length < reach) {
            return refuse(format!("child `{name}` has {} rows where {reach} are due", child.length));
        }
    }
    Ok(())
}

/// Checks offsets to begin at 0 or more and never to fall, and gives the last.
///
/// # Safety
/// `offsets` is null or points to `end + 1` offsets.
unsafe fn check_offsets(offsets: *const c_void, wide: bool, end: usize) -> Result<usize, String> {
    if offsets.is_null() {
        // The interface lets an array without rows do without offsets.
        return if end == 0 { Ok(0) } else { Err("its offsets are a null pointer".to_owned()) };
    }
    let mut before = 0;
    for index in 0..=end {
        // SAFETY: by the caller's promise; the interface recommends alignment but does not demand it.
        let offset = unsafe {
            if wide {
                offsets.cast::<i64>().add(index).read_unaligned()
            } else {
                i64::from(offsets.cast::<i32>().add(index).read_unaligned())
            }
        };
        if offset < before {
            return Err(format!("offset {offset} of row {index} follows {before}"));
        }
        before = offset;
    }
    usize::try_from(before).map_err(|_| "its offsets are out of range".to_owned())
}

/// Checks the counts of encoded key-value metadata.
///
/// # Safety
/// `metadata` is null or points to metadata in the encoding of the interface.
unsafe fn check_metadata(metadata: *const c_char) -> Result<(), &'static str> {
    const MAX_ENTRIES: i32 = 1024;
    const MAX_LENGTH: i32 = 1 << 20;
    if metadata.is_null() {
        return Ok(());
    }
    // SAFETY: by the caller's promise, as long as every count before `at` was sane, which is checked on the way.
    let number = |at: usize| unsafe { metadata.byte_add(at).cast::<i32>().read_unaligned() };
    let entries = number(0);
    if !(0..=MAX_ENTRIES).contains(&entries) {
        return Err("its metadata has an impossible number of entries");
    }
    let mut at = 4;
    for _ in 0..entries * 2 {
        let length = number(at);
        if !(0..=MAX_LENGTH).contains(&length) {
            return Err("its metadata has an entry of impossible length");
        }
        let length = usize::try_from(length).expect("checked to lie between 0 and the longest");
        // SAFETY: as above.
        let text = unsafe { std::slice::from_raw_parts(metadata.byte_add(at + 4).cast::<u8>(), length) };
        if std::str::from_utf8(text).is_err() {
            return Err("its metadata is not UTF-8");
        }
        at += 4 + length;
    }
    Ok(())
}
