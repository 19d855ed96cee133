//! A schedule in the words of systemd and of cron.

use std::fmt::Write as _;
use std::path::Path;

use crate::{Rule, Schedule};

/// What is to be run.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// Name of the pipeline.
    pub name: &'a str,
    /// The program, an absolute path.
    pub program: &'a Path,
    /// The pipeline file, an absolute path.
    pub pipeline: &'a Path,
    /// Whether a run needs the network.
    pub network: bool,
    /// Whether it should also run as soon as files arrive.
    pub on_change: bool,
}

/// A service and a timer for systemd, with the commands that set them up as comments.
///
/// # Errors
/// Says what these units cannot express.
pub fn systemd(schedule: Option<&Schedule>, job: &Job<'_>) -> Result<String, String> {
    let schedule = schedule.ok_or_else(only_on_change)?;
    let unit = unit_name(job.name);
    let mut text = String::new();
    let mut line = |words: &str| {
        text.push_str(words);
        text.push('\n');
    };
    line(&format!("# ~/.config/systemd/user/{unit}.service"));
    line("[Unit]");
    line(&format!("Description=annals: one run of {}", specifiers(&one_line(job.name))));
    if job.network {
        line("Wants=network-online.target");
        line("After=network-online.target");
    }
    line("");
    line("[Service]");
    line("Type=oneshot");
    line(&format!("ExecStart={} {} --quiet", systemd_word(job.program)?, systemd_word(job.pipeline)?));
    line("# 4: another run is still going on.");
    line("SuccessExitStatus=4");
    line("");
    line(&format!("# ~/.config/systemd/user/{unit}.timer"));
    line("[Unit]");
    line(&format!("Description=annals: when {} runs", specifiers(&one_line(job.name))));
    line("");
    line("[Timer]");
    match &schedule.rule {
        Rule::Every(every) => {
            line("OnStartupSec=1min");
            line(&format!("OnUnitActiveSec={}s", every.seconds));
        }
        Rule::Cron { .. } => {
            for calendar in calendars(schedule)? {
                line(&format!("OnCalendar={calendar}"));
            }
            line("# A time that was missed while the machine was off is made up for once.");
            line("Persistent=true");
        }
    }
    line("AccuracySec=1s");
    line("");
    line("[Install]");
    line("WantedBy=timers.target");
    line("");
    line(&format!("# Then: systemctl --user daemon-reload && systemctl --user enable --now {unit}.timer"));
    line("# Without a login: loginctl enable-linger, or put both files into /etc/systemd/system.");
    if job.on_change {
        line("# on_change cannot be expressed: `annals watch` does it.");
    }
    Ok(text)
}

/// A line for a crontab, with comments.
///
/// # Errors
/// Says what a crontab cannot express.
pub fn crontab(schedule: Option<&Schedule>, job: &Job<'_>) -> Result<String, String> {
    let schedule = schedule.ok_or_else(only_on_change)?;
    let times = match &schedule.rule {
        Rule::Cron { text, cron } => {
            if cron.pattern.days.has_modifiers() || cron.pattern.days_of_week.has_modifiers() {
                return Err(modifiers(text));
            }
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        }
        Rule::Every(every) => match (every.seconds % 60, every.seconds / 60) {
            (0, 60) => "0 * * * *".to_owned(),
            (0, 1_440) => "0 0 * * *".to_owned(),
            (0, minutes) if minutes < 60 && 60 % minutes == 0 => format!("*/{minutes} * * * *"),
            (0, minutes) if minutes % 60 == 0 && minutes < 1_440 && 1_440 % minutes == 0 => {
                format!("0 */{} * * *", minutes / 60)
            }
            _ => {
                return Err(format!(
                    "a crontab cannot express `every = \"{every}\"`: it takes periods that divide an hour or a day into \
                     whole minutes or hours; use --systemd or `annals watch`"
                ));
            }
        },
    };
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# The times are those of {zone}. cronie heeds CRON_TZ; other crons take the zone of the machine.\nCRON_TZ={zone}",
        zone = schedule.zone_name
    );
    if job.on_change {
        text.push_str("# on_change cannot be expressed: `annals watch` does it.\n");
    }
    let _ = writeln!(text, "{times} {} {} --quiet", cron_word(job.program)?, cron_word(job.pipeline)?);
    Ok(text)
}

fn only_on_change() -> String {
    "the schedule has only `on_change`, which neither systemd timers nor cron can express: add `cron` or `every`, or use \
     `annals watch`"
        .to_owned()
}

fn modifiers(text: &str) -> String {
    format!("`{text}` uses L, W or #, which cannot be expressed here: use `annals watch`")
}

/// The calendar expressions that are due together when the cron expression is.
fn calendars(schedule: &Schedule) -> Result<Vec<String>, String> {
    let Rule::Cron { text, cron } = &schedule.rule else { return Ok(Vec::new()) };
    let pattern = &cron.pattern;
    if pattern.days.has_modifiers() || pattern.days_of_week.has_modifiers() {
        return Err(modifiers(text));
    }
    let minutes = list(&pattern.minutes.values(), 0..=59);
    let hours = list(&pattern.hours.values(), 0..=23);
    let months = list(&pattern.months.values(), 1..=12);
    let days = list(&pattern.days.values(), 1..=31);
    let mut weekdays: Vec<usize> =
        pattern.days_of_week.values().into_iter().map(|day| usize::from(day) % 7).collect();
    weekdays.sort_unstable();
    weekdays.dedup();
    let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let weekdays = weekdays.iter().map(|&day| names[day]).collect::<Vec<_>>().join(",");
    let zone = &schedule.zone_name;
    let on_days = format!("*-{months}-{days} {hours}:{minutes}:00 {zone}");
    let on_weekdays = format!("{weekdays} *-{months}-* {hours}:{minutes}:00 {zone}");
    // As in cron, a day is due if either field names it, unless one of them is `*`.
    Ok(match (pattern.is_dom_wildcard(), pattern.is_dow_wildcard()) {
        (_, true) => vec![on_days],
        (true, false) => vec![on_weekdays],
        (false, false) => vec![on_days, on_weekdays],
    })
}

/// Values as systemd lists them: `*` for all, `a..b` for three and more in a row.
fn list(values: &[u16], all: std::ops::RangeInclusive<u16>) -> String {
    if values.len() == all.count() {
        return "*".to_owned();
    }
    let mut parts: Vec<String> = Vec::new();
    let mut rest = values;
    while let Some(&first) = rest.first() {
        let run = rest.iter().zip(first..).take_while(|(value, expected)| **value == *expected).count();
        let (row, after) = rest.split_at(if run >= 3 { run } else { 1 });
        parts.push(if row.len() > 1 {
            format!("{first}..{}", row[row.len() - 1])
        } else {
            first.to_string()
        });
        rest = after;
    }
    parts.join(",")
}

/// A name that a unit may have.
fn unit_name(name: &str) -> String {
    let safe: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') { c } else { '-' })
        .collect();
    format!("annals-{safe}")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

fn utf8(path: &Path) -> Result<&str, String> {
    path.to_str().ok_or_else(|| format!("the path {} is not UTF-8", path.display()))
}

/// A path as one quoted word of `ExecStart`.
fn systemd_word(path: &Path) -> Result<String, String> {
    let mut word = String::from("\"");
    for c in utf8(path)?.chars() {
        match c {
            '\\' => word.push_str("\\\\"),
            '"' => word.push_str("\\\""),
            '\n' => word.push_str("\\n"),
            '\t' => word.push_str("\\t"),
            '%' => word.push_str("%%"),
            '$' => word.push_str("$$"),
            c if c.is_control() => {
                return Err(format!("the path {} holds a control character", path.display()));
            }
            c => word.push(c),
        }
    }
    word.push('"');
    Ok(word)
}

/// A path as one word of the shell that cron calls; a bare `%` would end the command.
fn cron_word(path: &Path) -> Result<String, String> {
    let text = utf8(path)?;
    if text.chars().any(char::is_control) {
        return Err(format!("a crontab cannot hold the path {}: it has a control character", path.display()));
    }
    Ok(format!("'{}'", text.replace('\'', "'\\''")).replace('%', "\\%"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone;

    fn job<'a>(pipeline: &'a str) -> Job<'a> {
        Job {
            name: "idlib",
            program: Path::new("/usr/bin/annals"),
            pipeline: Path::new(pipeline),
            network: false,
            on_change: false,
        }
    }

    fn cron(expression: &str) -> Schedule {
        Schedule::cron(expression, zone("Asia/Kathmandu").unwrap(), "Asia/Kathmandu").unwrap()
    }

    fn on_calendar(expression: &str) -> Vec<String> {
        let text = systemd(Some(&cron(expression)), &job("/p.toml")).unwrap();
        text.lines().filter_map(|line| line.strip_prefix("OnCalendar=")).map(str::to_owned).collect()
    }

    #[test]
    fn cron_times_become_calendar_times() {
        assert_eq!(on_calendar("*/15 * * * *"), ["*-*-* *:0,15,30,45:00 Asia/Kathmandu"]);
        assert_eq!(on_calendar("5 6-9 * JAN,JUL *"), ["*-1,7-* 6..9:5:00 Asia/Kathmandu"]);
        assert_eq!(on_calendar("0 6 * * 1-5"), ["Mon,Tue,Wed,Thu,Fri *-*-* 6:0:00 Asia/Kathmandu"]);
        assert_eq!(on_calendar("0 6 * * 7"), ["Sun *-*-* 6:0:00 Asia/Kathmandu"]);
    }

    #[test]
    fn a_day_of_month_or_of_week_is_two_lines() {
        let expected = ["*-*-13 0:0:00 Asia/Kathmandu", "Fri *-*-* 0:0:00 Asia/Kathmandu"];
        assert_eq!(on_calendar("0 0 13 * FRI"), expected);
    }

    #[test]
    fn what_cannot_be_expressed_is_said() {
        for expression in ["0 0 L * *", "0 0 15W * *", "0 0 * * MON#2", "0 0 * * FRI#L"] {
            let schedule = cron(expression);
            assert!(systemd(Some(&schedule), &job("/p")).unwrap_err().contains("L, W or #"), "{expression}");
            assert!(crontab(Some(&schedule), &job("/p")).unwrap_err().contains("L, W or #"), "{expression}");
        }
        assert!(systemd(None, &job("/p")).unwrap_err().contains("on_change"));
        assert!(crontab(None, &job("/p")).unwrap_err().contains("on_change"));
        let changing = Job { on_change: true, ..job("/p") };
        assert!(systemd(Some(&cron("0 0 * * *")), &changing).unwrap().contains("on_change cannot"));
    }

    #[test]
    fn periods_become_crontab_lines_where_they_divide() {
        let times = |every: &str| {
            let line = crontab(Some(&Schedule::every(every).unwrap()), &job("/p"));
            line.map(|text| text.lines().last().unwrap().split(" '").next().unwrap().to_owned())
        };
        assert_eq!(times("15m").unwrap(), "*/15 * * * *");
        assert_eq!(times("60m").unwrap(), "0 * * * *");
        assert_eq!(times("6h").unwrap(), "0 */6 * * *");
        assert_eq!(times("1d").unwrap(), "0 0 * * *");
        for every in ["90s", "7m", "90m", "5h", "2d"] {
            assert!(times(every).unwrap_err().contains("cannot express"), "{every}");
        }
    }

    #[test]
    fn a_crontab_line_keeps_odd_paths_whole() {
        let line = crontab(Some(&cron("0  6 * * *")), &job("/it's 100%/p.toml")).unwrap();
        assert!(line.contains("CRON_TZ=Asia/Kathmandu\n"), "{line}");
        assert!(line.ends_with("0 6 * * * '/usr/bin/annals' '/it'\\''s 100\\%/p.toml' --quiet\n"), "{line}");
        assert!(crontab(Some(&cron("0 6 * * *")), &job("/a\nb")).is_err());
    }

    #[test]
    fn a_service_keeps_odd_paths_whole() {
        let text = systemd(Some(&cron("0 6 * * *")), &job("/a \"b\" $HOME 5%\\p.toml")).unwrap();
        let start = text.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
        assert_eq!(start, r#"ExecStart="/usr/bin/annals" "/a \"b\" $$HOME 5%%\\p.toml" --quiet"#);
        assert!(text.contains("annals-idlib.timer") && text.contains("Persistent=true"));
    }

    #[test]
    fn a_period_becomes_a_monotonic_timer() {
        let networked = Job { network: true, name: "north 5%/x", ..job("/p") };
        let text = systemd(Some(&Schedule::every("7m").unwrap()), &networked).unwrap();
        assert!(text.contains("OnUnitActiveSec=420s\n") && !text.contains("OnCalendar"), "{text}");
        assert!(text.contains("After=network-online.target\n"));
        assert!(text.contains("annals-north-5--x.service") && text.contains("run of north 5%%/x\n"));
    }
}
