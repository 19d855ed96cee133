//! What crosses the pipe: a head in postcard and a body of bytes, each led by its length.

use std::io::{self, Read, Write};

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::writer::StreamWriter;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longer heads are refused: no schema or message needs more.
const MAX_HEAD: usize = 16 << 20;

/// Set aside before the first byte of a body has come; more only as it does.
const MAX_RESERVED: u64 = 64 << 20;

pub(super) fn write(out: &mut impl Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    let head = postcard::to_allocvec(head).map_err(io::Error::other)?;
    let mut frame = Vec::with_capacity(16 + head.len());
    frame.extend_from_slice(&(head.len() as u64).to_le_bytes());
    frame.extend_from_slice(&(body.len() as u64).to_le_bytes());
    frame.extend_from_slice(&head);
    out.write_all(&frame)?;
    out.write_all(body)?;
    out.flush()
}

/// Reads a frame; a pipe that ends, even between frames, is an error.
pub(super) fn read<H: DeserializeOwned>(input: &mut impl Read) -> io::Result<(H, Vec<u8>)> {
    let mut word = [0; 8];
    input.read_exact(&mut word)?;
    let head_len = usize::try_from(u64::from_le_bytes(word)).ok().filter(|&len| len <= MAX_HEAD);
    let head_len = head_len.ok_or_else(|| io::Error::other("a frame of impossible length"))?;
    input.read_exact(&mut word)?;
    let body_len = u64::from_le_bytes(word);
    let mut head = vec![0; head_len];
    input.read_exact(&mut head)?;
    let reserved = usize::try_from(body_len.min(MAX_RESERVED)).expect("bounded above");
    let mut body = Vec::with_capacity(reserved);
    if input.take(body_len).read_to_end(&mut body)? as u64 != body_len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((postcard::from_bytes(&head).map_err(io::Error::other)?, body))
}

pub(super) fn encode(batch: &RecordBatch) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(batch.get_array_memory_size() + 4096);
    let mut writer = StreamWriter::try_new(&mut bytes, &batch.schema()).map_err(|error| error.to_string())?;
    writer.write(batch).and_then(|()| writer.finish()).map_err(|error| error.to_string())?;
    drop(writer);
    Ok(bytes)
}

/// Reads a batch without copying its columns. It is validated: the other side may be out of its mind.
pub(super) fn decode(bytes: Vec<u8>) -> Result<RecordBatch, String> {
    let mut bytes = Buffer::from_vec(bytes);
    let decoded = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        StreamDecoder::new().decode(&mut bytes).map_err(|error| error.to_string())
    }));
    match decoded {
        Ok(Ok(Some(batch))) => Ok(batch),
        Ok(Ok(None)) => Err("an empty stream".to_owned()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err("a malformed stream".to_owned()),
    }
}
