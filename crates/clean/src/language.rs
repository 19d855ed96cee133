//! The language of a text.

use whatlang::Lang;

/// Letters that a text must have before its language is guessed, and characters that are looked at.
const FEWEST_LETTERS: usize = 60;
const SAMPLE: usize = 2000;

/// ISO 639-1 code of the language that a text is surely in.
pub(crate) fn of(text: &str) -> Option<&'static str> {
    let sample = crate::dates::head_of(text, SAMPLE);
    sample.chars().filter(|c| c.is_alphabetic()).nth(FEWEST_LETTERS)?;
    let info = whatlang::detect(sample)?;
    info.is_reliable().then(|| code(info.lang())).flatten()
}

/// The two letters of a language.
fn code(language: Lang) -> Option<&'static str> {
    Some(match language {
        Lang::Eng => "en",
        Lang::Ara => "ar",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Spa => "es",
        Lang::Fra => "fr",
        Lang::Por => "pt",
        Lang::Deu => "de",
        Lang::Tur => "tr",
        Lang::Pes => "fa",
        Lang::Heb => "he",
        Lang::Cmn => "zh",
        Lang::Jpn => "ja",
        Lang::Kor => "ko",
        Lang::Hin => "hi",
        Lang::Urd => "ur",
        Lang::Ben => "bn",
        Lang::Mya => "my",
        Lang::Amh => "am",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Pol => "pl",
        Lang::Ron => "ro",
        Lang::Ell => "el",
        Lang::Ces => "cs",
        Lang::Srp => "sr",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Fin => "fi",
        Lang::Nob => "nb",
        Lang::Bul => "bg",
        Lang::Vie => "vi",
        Lang::Tha => "th",
        Lang::Ind => "id",
        Lang::Tgl => "tl",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Aze => "az",
        Lang::Kat => "ka",
        Lang::Hye => "hy",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Cat => "ca",
        Lang::Nep => "ne",
        Lang::Pan => "pa",
        Lang::Sin => "si",
        Lang::Uzb => "uz",
        Lang::Tuk => "tk",
        Lang::Afr => "af",
        _ => return None,
    })
}
