//! `include/annals_plugin.h` and the Rust side of the door are the same, down to the last field.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::Path;
use std::process::Command;

use annals_plugin::abi;

/// Size of each structure and offset of each field, as lines of text, from Rust, and the C code that prints them too.
macro_rules! layout {
    ($($rust:ident as $c:literal { $($field:ident),+ $(,)? })+) => {{
        let (mut due, mut code) = (String::new(), String::new());
        $(
            let _ = writeln!(due, "{} {}", $c, size_of::<abi::$rust>());
            let _ = writeln!(code, "printf(\"{0} %zu\\n\", sizeof(struct {0}));", $c);
            $(
                let _ = writeln!(due, "{}.{} {}", $c, stringify!($field), offset_of!(abi::$rust, $field));
                let _ = writeln!(code, "printf(\"{0}.{1} %zu\\n\", offsetof(struct {0}, {1}));", $c, stringify!($field));
            )+
        )+
        (due, code)
    }};
}

#[test]
fn layouts_and_numbers_agree() {
    let (mut due, mut code) = layout! {
        Plugin as "annals_plugin" {
            size, kind, version, name, built_with, reads, writes, config_schema, open, fingerprint, process, map, merge,
            finish, apply, close,
        }
        Call as "annals_call" { host, fail, reject, put, emit, scan, get, verdict, table, count }
        Bytes as "annals_bytes" { data, len }
        ArrowSchema as "ArrowSchema" {
            format, name, metadata, flags, n_children, children, dictionary, release, private_data,
        }
        ArrowArray as "ArrowArray" {
            length, null_count, offset, n_buffers, n_children, buffers, children, dictionary, release, private_data,
        }
    };
    let _ = writeln!(
        due,
        "{} {} {} {}",
        abi::ABI_VERSION,
        abi::KIND_ARTICLE,
        abi::KIND_CORPUS,
        abi::VERDICT_COLUMN
    );
    code.push_str(
        "printf(\"%d %d %d %s\\n\", ANNALS_ABI_VERSION, ANNALS_KIND_ARTICLE, ANNALS_KIND_CORPUS, ANNALS_VERDICT_COLUMN);",
    );
    let dir = tempfile::tempdir().unwrap();
    let (source, program) = (dir.path().join("layout.c"), dir.path().join("layout"));
    // The symbols must have the names and types that the host looks up.
    let symbols = format!(
        "extern const uint32_t {};\nconst struct annals_plugin *{}(void);\n",
        abi::VERSION_SYMBOL,
        abi::DESCRIBE_SYMBOL
    );
    let text =
        format!("#include \"annals_plugin.h\"\n#include <stdio.h>\n{symbols}int main(void) {{\n{code}\n}}\n");
    std::fs::write(&source, text).unwrap();
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../include");
    let compile = |language: &str| {
        let output = Command::new("cc")
            .args(["-x", language, "-Wall", "-Wextra", "-Werror", "-I"])
            .arg(&include)
            .arg("-o")
            .args([&program, &source])
            .output()
            .expect("a C compiler is installed as `cc`");
        assert!(output.status.success(), "{language}: {}", String::from_utf8_lossy(&output.stderr));
    };
    compile("c");
    let printed = Command::new(&program).output().unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), due);

    // Every member that the header declares is one of those compared above.
    let header = std::fs::read_to_string(include.join("annals_plugin.h")).unwrap();
    for (structure, members) in [("annals_plugin", 16), ("annals_call", 10), ("annals_bytes", 2)] {
        let body =
            header.split_once(&format!("struct {structure} {{")).unwrap().1.split_once("\n};").unwrap().0;
        let code: String =
            body.split("/*").map(|part| part.split_once("*/").map_or(part, |(_, code)| code)).collect();
        assert_eq!(code.matches(';').count(), members, "struct {structure}:\n{code}");
    }
}
