//! Reads articles from files of many formats as a stream.
