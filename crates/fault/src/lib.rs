//! Makes a write fail where a test asks for it.
//!
//! Whoever writes to the disk calls [`point`] first. In a usual build that does nothing. With the feature `failpoints` a test
//! arms it (`arm`): from the n-th call on every call fails, as on a disk that is full or gone, until it is disarmed.

/// Passes, or fails as the test that armed it wants.
///
/// # Errors
/// Only when armed.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn point() -> std::io::Result<()> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{arm, disarm, point};

#[cfg(feature = "failpoints")]
mod armed {
    use std::io;
    use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

    static CALLS: AtomicU64 = AtomicU64::new(0);
    static FIRST: AtomicU64 = AtomicU64::new(u64::MAX);
    static CODE: AtomicI32 = AtomicI32::new(0);

    /// Passes, or fails as the test that armed it wants.
    ///
    /// # Errors
    /// Only when armed.
    pub fn point() -> io::Result<()> {
        let call = CALLS.fetch_add(1, Ordering::SeqCst);
        if call < FIRST.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(io::Error::from_raw_os_error(CODE.load(Ordering::SeqCst)))
    }

    /// Lets the next `calls` calls pass and all later ones fail with this code of the operating system.
    pub fn arm(calls: u64, code: i32) {
        CODE.store(code, Ordering::SeqCst);
        CALLS.store(0, Ordering::SeqCst);
        FIRST.store(calls, Ordering::SeqCst);
    }

    /// Lets every call pass again; tells how many were made since `arm`.
    pub fn disarm() -> u64 {
        FIRST.store(u64::MAX, Ordering::SeqCst);
        CALLS.swap(0, Ordering::SeqCst)
    }
}
