//! The words that tell time, read from the language's folder.

use rustc_hash::FxHashMap;

use crate::lexicon::LexiconError;

/// What a word may mean for time; a word may mean several things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cue {
    /// 1 to 12, 0 if it is no month.
    pub(super) month: u8,
    /// Written short: "Feb", "Tue".
    pub(super) short: bool,
    /// 1 (Monday) to 7, 0 if it is no weekday.
    pub(super) weekday: u8,
    /// Days from the day of the report.
    pub(super) day: Option<i8>,
    /// Length of a unit in days; an hour is 0.
    pub(super) unit: Option<u16>,
    /// A small number.
    pub(super) count: u8,
    roles: u32,
}

/// Roles without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Weekend,
    Part,
    Last,
    This,
    Next,
    Same,
    Ago,
    Earlier,
    Later,
    Since,
    From,
    To,
    BeforeMonth,
    BeforeYear,
    EdgeStart,
    EdgeLate,
    VagueCount,
    Report,
    Harm,
    Process,
    Future,
    FutureBase,
}

impl Cue {
    pub(super) fn is(self, role: Role) -> bool {
        self.roles >> role as u32 & 1 == 1
    }

    /// Whether a scan for dates must look at the word.
    pub(super) fn tells_time(self) -> bool {
        self.month != 0
            || self.weekday != 0
            || self.day.is_some()
            || self.unit.is_some()
            || self.is(Role::Weekend)
            || self.is(Role::Part)
    }
}

/// The time words of a language.
#[derive(Debug)]
pub(crate) struct Words {
    cues: FxHashMap<&'static str, Cue>,
}

impl Words {
    pub(super) fn cue(&self, lower: &str) -> Cue {
        // No time word is longer.
        if lower.len() > 13 { Cue::default() } else { self.cues.get(lower).copied().unwrap_or_default() }
    }

    pub(crate) fn read(text: &'static str) -> Result<Words, LexiconError> {
        let mut cues: FxHashMap<&'static str, Cue> = FxHashMap::default();
        let mut section = "";
        for (number, line) in text.lines().enumerate() {
            let wrong = |message: String| LexiconError { file: "dates.txt", line: number + 1, message };
            let line = line.split('#').next().unwrap_or("").trim();
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
                continue;
            }
            for item in line.split_whitespace() {
                let (word, value) = item.split_once('=').unwrap_or((item, "1"));
                let value: i16 = value.parse().map_err(|_| wrong(format!("`{value}` is no number")))?;
                let cue = cues.entry(word).or_default();
                match section {
                    "month" | "month_short" => {
                        cue.month = value as u8;
                        cue.short = section == "month_short";
                    }
                    "weekday" | "weekday_short" => {
                        cue.weekday = value as u8;
                        cue.short = section == "weekday_short";
                    }
                    "day" => cue.day = Some(value as i8),
                    "unit" => cue.unit = Some(value as u16),
                    "count" => cue.count = value as u8,
                    name => {
                        let role = role(name).ok_or_else(|| wrong(format!("no role is named `{name}`")))?;
                        cue.roles |= 1 << role as u32;
                    }
                }
            }
        }
        Ok(Words { cues })
    }
}

fn role(name: &str) -> Option<Role> {
    Some(match name {
        "weekend" => Role::Weekend,
        "part" => Role::Part,
        "last" => Role::Last,
        "this" => Role::This,
        "next" => Role::Next,
        "same" => Role::Same,
        "ago" => Role::Ago,
        "earlier" => Role::Earlier,
        "later" => Role::Later,
        "since" => Role::Since,
        "from" => Role::From,
        "to" => Role::To,
        "before_month" => Role::BeforeMonth,
        "before_year" => Role::BeforeYear,
        "edge_start" => Role::EdgeStart,
        "edge_late" => Role::EdgeLate,
        "vague_count" => Role::VagueCount,
        "report" => Role::Report,
        "harm" => Role::Harm,
        "process" => Role::Process,
        "future" => Role::Future,
        "future_base" => Role::FutureBase,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn words_have_their_values() {
        let words = &Language::english().dates;
        assert_eq!(words.cue("sept").month, 9);
        assert_eq!(words.cue("yesterday").day, Some(-1));
        assert!(words.cue("night").is(Role::Part) && words.cue("night").unit == Some(1));
        assert_eq!(words.cue("bridge"), Cue::default());
    }

    #[test]
    fn an_unknown_role_names_its_line() {
        assert_eq!(
            Words::read("[epoch]\nera").unwrap_err().to_string(),
            "dates.txt, line 2: no role is named `epoch`"
        );
    }
}
