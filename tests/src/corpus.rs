//! Made-up corpora of any size, the same for the same seed: reports of attacks, follow-ups, re-posts, and other news.

use std::io::{self, Write};

use serde_json::json;

/// A small generator of random numbers (splitmix64): the same numbers on every machine.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// One of several.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }
}

const PLACES: [&str; 24] = [
    "Saraqib", "Ariha", "Taiz", "Kherson", "Azaz", "Nikopol", "Manbij", "Nyala", "Marib", "Kharkiv", "Raqqa",
    "Sarmin", "Binnish", "Hodeidah", "Bakhmut", "Izium", "Zalingei", "Mosul", "Kirkuk", "Tikrit", "Aden",
    "Donetsk", "Sumy", "Douma",
];
const SPEAKERS: [&str; 8] = [
    "residents",
    "rescue workers",
    "the provincial health office",
    "a hospital official",
    "the White Helmets",
    "the state news agency SANA",
    "the United Nations",
    "the police",
];
const WEAPONS: [&str; 6] =
    ["an air strike", "shelling", "a car bomb", "a drone strike", "a missile", "a roadside bomb"];
const TARGETS: [&str; 8] = [
    "a crowded market",
    "a school",
    "the bus station",
    "a row of homes",
    "a clinic",
    "a mosque",
    "a checkpoint",
    "a fuel depot",
];
const FILLERS: [&str; 20] = [
    "The council of @ put off its vote on the budget for another week.",
    "Prices of bread and fuel at @ have doubled since the spring, traders there say.",
    "Engineers hope to bring water back to the eastern quarter of @ by the weekend.",
    "Talks between the parties went on in @ without a result, a diplomat said.",
    "The road to @ was open again after the rain had washed it away.",
    "Farmers near @ spoke of the best harvest of wheat in years.",
    "Schools at @ will open two weeks late because repairs are not done.",
    "A delegation of lawyers from @ asked the ministry for the files.",
    "The mayor, @ by name, opened the new bridge with a short speech.",
    "Several hundred families from @ wait in the valley for tents and blankets.",
    "Power was cut for most of the night, said the company @, and came back before dawn.",
    "The team of @ won the cup for the third time in a row.",
    "Officials gave no reason why the crossing at @ was shut.",
    "A convoy with flour and medicine reached @ on the second try.",
    "The court of @ heard four witnesses and closed its doors to the press.",
    "Shops along the street of @ stayed shut until noon.",
    "The writer @ read from her new novel to a full hall.",
    "The bank of @ raised its rate by half a point.",
    "An old theatre in @ is to become a library.",
    "Fishermen of @ mended their nets and waited for the wind to turn.",
];

/// A corpus in the order of time: article `n` of any two corpora with one seed is the same article.
#[derive(Debug, Clone)]
pub struct Corpus {
    seed: u64,
    /// Articles a day.
    a_day: u64,
    /// Characters of an article, about.
    length: usize,
}

impl Corpus {
    /// Articles of about `length` characters, so many a day.
    pub fn new(seed: u64, a_day: u64, length: usize) -> Self {
        Self { seed, a_day: a_day.max(1), length }
    }

    /// The record of one article, as a line of JSON without its end.
    pub fn record(&self, number: u64) -> String {
        let mut random = self.random(number);
        // Some re-post an article of the last days, with a line of their own.
        let original = match random.below(8) {
            0 if number > 0 => number - 1 - random.below(number.min(3 * self.a_day)),
            _ => number,
        };
        let (title, mut text) = self.story(original);
        if original != number {
            text.push_str("\n\n");
            text.push_str(&filler(&mut random));
        }
        let day = date(number / self.a_day);
        json!({
            "id": format!("made-{number}"),
            "publisher": format!("outlet {}", random.below(300)),
            "title": title,
            "published": day,
            "text": text,
        })
        .to_string()
    }

    /// Writes articles as JSON lines.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn write(&self, numbers: impl Iterator<Item = u64>, to: &mut impl Write) -> io::Result<()> {
        for number in numbers {
            to.write_all(self.record(number).as_bytes())?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }

    fn random(&self, number: u64) -> Random {
        let mut random = Random::new(self.seed ^ number.wrapping_mul(0x2545_f491_4f6c_dd1d));
        random.number();
        random
    }

    fn story(&self, number: u64) -> (String, String) {
        let mut random = self.random(number ^ (1 << 60));
        let mut paragraphs = Vec::new();
        let other = filler(&mut random);
        let mut title = other.trim_end_matches('.').to_owned();
        if random.below(5) < 3 {
            // Several outlets tell of one attack: it is drawn by the day and one of the day's numbers.
            let day = number / self.a_day;
            let mut attack = Random::new(self.seed ^ (day << 20) ^ random.below(self.a_day.div_ceil(6)));
            attack.number();
            let (place, weapon) = (attack.pick(&PLACES), attack.pick(&WEAPONS));
            let (target, street) = (attack.pick(&TARGETS), name(&mut attack));
            let (killed, injured) = (2 + attack.below(30), 2 + attack.below(60));
            let (killed, injured) = (killed + random.below(3), injured + random.below(4));
            title = format!("{killed} killed as {weapon} hits {target} in {place}");
            paragraphs.push(format!(
                "At least {killed} people were killed and {injured} others wounded when {weapon} hit {target} in {place} on \
                 {}, {} said.",
                date(day),
                random.pick(&SPEAKERS)
            ));
            paragraphs.push(format!(
                "Among the dead were {} children of the {street} family, {} said. Smoke stood over {street} street.",
                1 + random.below(killed.min(8)),
                random.pick(&SPEAKERS)
            ));
        }
        let mut length: usize = paragraphs.iter().map(String::len).sum();
        while length < self.length {
            let sentences: Vec<String> = (0..3).map(|_| filler(&mut random)).collect();
            let paragraph = sentences.join(" ");
            length += paragraph.len() + 2;
            paragraphs.push(paragraph);
        }
        (title, paragraphs.join("\n\n"))
    }
}

/// A sentence of other news with a name of its own.
fn filler(random: &mut Random) -> String {
    let sentence = random.pick(&FILLERS);
    sentence.replace('@', &name(random))
}

/// A made-up name of two or three syllables.
fn name(random: &mut Random) -> String {
    let mut name = String::new();
    for _ in 0..2 + random.below(2) {
        name.push(char::from(b"bdfghklmnprstvz"[random.below(15) as usize]));
        name.push(char::from(b"aeiou"[random.below(5) as usize]));
    }
    name[..1].to_uppercase() + &name[1..] + random.pick(&["", "n", "r", "sh"])
}

/// The ISO date of a day, counted from the first of January 2021, in a calendar of months of 28 days.
fn date(day: u64) -> String {
    format!("{:04}-{:02}-{:02}", 2021 + day / 336, day % 336 / 28 + 1, day % 28 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_the_same_in_every_corpus_of_its_seed() {
        let corpus = Corpus::new(7, 40, 600);
        assert_eq!(corpus.record(123), Corpus::new(7, 40, 600).record(123));
        assert_ne!(corpus.record(123), corpus.record(124));
        assert_ne!(corpus.record(123), Corpus::new(8, 40, 600).record(123));
    }
}
