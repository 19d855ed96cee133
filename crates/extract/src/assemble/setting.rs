//! Where and when things happened, as far as the text tells.

use annals_gazetteer::Gazetteer;
use annals_plugin::{Article, Place, When};

use crate::date::Dates;
use crate::place::{Hints, Places};
use crate::text::Document;

/// The places and times of one article.
pub(super) struct Setting<'a, 'd> {
    document: &'a Document<'d>,
    gazetteer: &'a Gazetteer,
    dates: Dates,
    places: Places,
}

impl<'a, 'd> Setting<'a, 'd> {
    pub(super) fn new(
        article: &Article,
        document: &'a Document<'d>,
        title: &Document<'_>,
        gazetteer: &'a Gazetteer,
    ) -> Self {
        let hints = Hints { url: article.url.as_deref(), dateline: article.dateline.as_deref() };
        Self {
            document,
            gazetteer,
            dates: Dates::find_in(
                document,
                article.published_date(),
                article.url.as_deref().and_then(crate::date::month_of_address),
            ),
            places: Places::find(document, title, &hints, gazetteer),
        }
    }

    /// Whether the outlet writes of its home.
    pub(super) fn is_local(&self) -> bool {
        self.places.is_local()
    }

    /// The time that the sentence itself gives for what stands at a token.
    pub(super) fn time_at(&self, sentence: usize, token: usize) -> Option<When> {
        self.dates.at(self.document, sentence, token).flatten()
    }

    /// The time of what stands at a token, as its sentence or those before it give it.
    pub(super) fn time_of(&self, sentence: usize, token: usize) -> Option<When> {
        self.dates.of_incident(self.document, sentence, token)
    }

    /// The longest time that a sentence names.
    pub(super) fn longest_time(&self, sentence: usize) -> Option<When> {
        let times = self.dates.in_sentence(sentence).iter().filter_map(|mention| mention.when);
        times.max_by_key(|when| (when.end - when.start).get_days())
    }

    /// The time of what the article is chiefly about.
    pub(super) fn main_time(&self) -> Option<When> {
        self.dates.main(self.document)
    }

    /// The place that a sentence opens with.
    pub(super) fn opening_place(&self, sentence: usize) -> Option<Place> {
        self.places.opening(self.document, self.gazetteer, sentence)
    }

    /// The place that the sentence itself gives for what stands at a token.
    pub(super) fn place_at(&self, sentence: usize, token: usize) -> Option<Place> {
        self.places.at(self.document, self.gazetteer, sentence, token)
    }

    /// The place of what stands at a token, as its sentence or those before it give it.
    pub(super) fn place_of(&self, sentence: usize, token: usize) -> Option<Place> {
        self.places.of_incident(self.document, self.gazetteer, sentence, token)
    }

    /// The place of what the article is chiefly about.
    pub(super) fn main_place(&self) -> Option<Place> {
        self.places.main(self.gazetteer)
    }
}

/// Whether two times cannot be of one event.
pub(super) fn apart_in_time(left: &When, right: &When) -> bool {
    left.start > right.end || right.start > left.end
}

/// Whether two places cannot be of one event: towns far from each other, or in different provinces or countries.
pub(super) fn apart_in_space(left: &Place, right: &Place) -> bool {
    if let (Some(one), Some(other)) = (&left.country, &right.country)
        && one != other
    {
        return true;
    }
    let of_town = |place: &Place| place.precision.is_some_and(|precision| precision <= 3);
    if of_town(left)
        && of_town(right)
        && let Some(distance) = distance_km(left, right)
    {
        return distance > 25.0;
    }
    matches!((&left.adm_1, &right.adm_1), (Some(one), Some(other)) if one != other)
}

/// Of a place told with figures and the place of the whole report the one told with the figures, unless it is only the wider area that the
/// other lies in.
pub(super) fn finer(told: Option<Place>, whole: Option<Place>) -> Option<Place> {
    match (told, whole) {
        (Some(told), Some(whole)) => {
            let within = told.country == whole.country && (told.adm_1.is_none() || told.adm_1 == whole.adm_1);
            let wider = told.precision >= Some(4) && whole.precision < told.precision;
            Some(if within && wider && whole.precision.is_some() { whole } else { told })
        }
        (told, whole) => told.or(whole),
    }
}

/// Great-circle distance, `None` without coordinates.
fn distance_km(left: &Place, right: &Place) -> Option<f64> {
    const EARTH_RADIUS_KM: f64 = 6371.0;
    let point = |place: &Place| Some((place.latitude?.to_radians(), place.longitude?.to_radians()));
    let ((one, from), (other, to)) = (point(left)?, point(right)?);
    let haversine =
        ((other - one) / 2.0).sin().powi(2) + one.cos() * other.cos() * ((to - from) / 2.0).sin().powi(2);
    Some(2.0 * EARTH_RADIUS_KM * haversine.sqrt().min(1.0).asin())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(adm_1: &str, precision: u8, latitude: f64, longitude: f64) -> Place {
        Place {
            name: adm_1.to_owned(),
            adm_1: Some(adm_1.to_owned()),
            country: Some("SYR".to_owned()),
            latitude: Some(latitude),
            longitude: Some(longitude),
            precision: Some(precision),
            ..Place::default()
        }
    }

    #[test]
    fn a_town_and_its_province_may_be_one_place_but_towns_far_off_may_not() {
        let (town, near) = (place("Idlib", 1, 35.93, 36.63), place("Idlib", 1, 35.99, 36.7));
        let (far, province) = (place("Idlib", 1, 35.81, 36.32), place("Idlib", 4, 35.8, 36.7));
        assert!(!apart_in_space(&town, &near));
        assert!(apart_in_space(&town, &far));
        assert!(!apart_in_space(&town, &province));
        assert!(apart_in_space(&town, &place("Hama", 4, 35.1, 36.7)));
    }

    #[test]
    fn a_wider_area_gives_way_to_the_place_in_it() {
        let (town, province) = (place("Idlib", 1, 35.93, 36.63), place("Idlib", 4, 35.8, 36.7));
        let chosen = |told: &Place, whole: &Place| finer(Some(told.clone()), Some(whole.clone()));
        assert_eq!(chosen(&province, &town), Some(town.clone()));
        assert_eq!(chosen(&town, &province), Some(town.clone()));
        let hama = place("Hama", 4, 35.1, 36.7);
        assert_eq!(chosen(&hama, &town), Some(hama.clone()));
        assert_eq!(finer(None, Some(town.clone())), Some(town));
    }

    #[test]
    fn a_degree_of_latitude_is_111_km() {
        let distance = distance_km(&place("a", 1, 10.0, 20.0), &place("a", 1, 11.0, 20.0)).unwrap();
        assert!((distance - 111.2).abs() < 0.1, "{distance}");
    }
}
