//! Follows `plugins/README.md` to the letter.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use annals_tests::{annals, root};

/// The commands of the `sh` blocks of the guide.
fn blocks() -> Vec<Vec<String>> {
    let guide = fs::read_to_string(root().join("plugins/README.md")).unwrap();
    let mut blocks = Vec::new();
    for part in guide.split("```sh\n").skip(1) {
        let (block, _) = part.split_once("```").unwrap();
        blocks.push(block.lines().map(str::to_owned).collect());
    }
    blocks
}

/// A user's shell: the built command on the path, and nothing of the test's own cargo.
struct Shell {
    folder: PathBuf,
}

impl Shell {
    fn run(&mut self, line: &str) -> String {
        if let Some(folder) = line.strip_prefix("cd ") {
            self.folder.push(folder);
            return String::new();
        }
        let built = Path::new(annals().get_program()).parent().unwrap().to_owned();
        let path = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths([built].into_iter().chain(std::env::split_paths(&path))).unwrap();
        let output = Command::new("sh")
            .args(["-c", line])
            .current_dir(&self.folder)
            .env("PATH", path)
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        println!("$ {line}\n{told}{}", String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "`{line}` failed");
        told
    }
}

#[test]
fn a_new_plugin_runs_as_the_guide_says() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Shell { folder: folder.path().to_owned() };
    let mut told = String::new();
    for line in &blocks()[0] {
        told = shell.run(line);
        if line.starts_with("annals plugin new") {
            // Keeps what the guide builds from one test to the next; nothing else of it is shared.
            let kept = root().join("target/tmp/guide");
            fs::create_dir_all(&kept).unwrap();
            #[cfg(unix)]
            std::os::unix::fs::symlink(kept, folder.path().join("house_filter/target")).unwrap();
        }
    }
    assert!(told.contains("house_filter_words"), "{told}");
    let rows = fs::read_to_string(shell.folder.join("out/articles.csv")).unwrap();
    assert!(rows.lines().count() >= 2, "{rows}");
}

#[test]
fn the_examples_run_as_the_guide_says() {
    let _ = fs::remove_dir_all(root().join("plugins/out"));
    let mut shell = Shell { folder: root().to_owned() };
    let mut told = String::new();
    for line in &blocks()[1] {
        told = shell.run(line);
    }
    assert_eq!(told, "day,publisher,articles\n2016-05-02,Barada Courier,2\n2016-05-02,Euphrates Wire,1\n");
    let articles = fs::read_to_string(root().join("plugins/out/articles.csv")).unwrap();
    let header = articles.lines().next().unwrap();
    for column in ["weapons_named", "shouting", "outlet_articles"] {
        assert!(header.split(',').any(|name| name == column), "{column} is not in {header}");
    }
    println!("{articles}");
    assert!(articles.contains("sniper"), "{articles}");
}
