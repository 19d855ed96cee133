//! Keeps between runs what annals has read and found.
