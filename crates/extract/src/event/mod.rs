//! Tells what kind of thing happened.
