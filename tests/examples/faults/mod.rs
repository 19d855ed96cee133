use annals_plugin::StageError;

/// What goes wrong, and where.
#[derive(Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[allow(unreachable_pub, reason = "a public trait names it")]
pub struct Config {
    /// Kind of fault.
    pub(crate) fault: String,
    /// Entry point that it is in.
    pub(crate) at: String,
}

/// Fails, if this is the place.
pub(crate) fn strike(config: &Config, entry: &str) -> Result<(), StageError> {
    if config.at != entry {
        return Ok(());
    }
    match config.fault.as_str() {
        "panic" => panic!("struck in {entry}"),
        "panic_value" => std::panic::panic_any(7_u8),
        "error" => return Err(StageError::new("told_error", format!("told in {entry}"))),
        // SAFETY: none; the fault is the point.
        #[allow(clippy::undocumented_unsafe_blocks, reason = "the fault is the point")]
        "segfault" => unsafe { std::ptr::without_provenance_mut::<u32>(8).write_volatile(1) },
        "abort" => std::process::abort(),
        "exit" => std::process::exit(0),
        "hang" => loop {
            std::hint::spin_loop();
        },
        "allocate" => drop(std::hint::black_box(vec![1_u8; 64 << 30])),
        #[allow(clippy::print_stdout, reason = "what a plugin prints must not harm the pipe")]
        "print" => println!("a line on standard output"),
        _ => {}
    }
    Ok(())
}
