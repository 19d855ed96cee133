//! The closed vocabularies of the tables, each an enum whose labels are the words in the output.

use serde::{Deserialize, Serialize};

/// Declares an enum with one fixed label a variant, used alike in serde, Arrow and text.
macro_rules! labels {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $label:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $label)] $variant),+ }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The label that stands in the tables.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $label),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.as_str()) }
        }

        impl std::str::FromStr for $name {
            type Err = UnknownLabel;
            fn from_str(label: &str) -> Result<Self, UnknownLabel> {
                match label {
                    $($label => Ok($name::$variant),)+
                    _ => Err(UnknownLabel { vocabulary: stringify!($name), label: label.to_owned() }),
                }
            }
        }
    };
}

/// A word that is not in the vocabulary it was looked up in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{label}` is not a label of {vocabulary}")]
pub struct UnknownLabel {
    /// Name of the enum.
    pub vocabulary: &'static str,
    /// The word that was not found.
    pub label: String,
}

labels! {
    /// Where a publication date was found.
    PublishedBasis {
        /// A field of the record or metadata of the page.
        Metadata = "metadata",
        /// The feed that carried the article.
        Feed = "feed",
        /// The address of the page.
        Url = "url",
        /// The dateline at the head of the text.
        Dateline = "dateline",
    }
}

labels! {
    /// Whether an article stands for itself or repeats another.
    Status {
        /// Stands for itself.
        Kept = "kept",
        /// Repeats the article in `duplicate_of`.
        Duplicate = "duplicate",
    }
}

labels! {
    /// How a duplicate repeats its original.
    CopyKind {
        /// The same normalised text.
        Exact = "exact",
        /// Nearly the same set of word shingles.
        Near = "near",
        /// One text holds most of the other.
        Contained = "contained",
    }
}

labels! {
    /// What happened, after the event types of ACLED and Airwars.
    EventType {
        /// Bombs or rockets from aircraft.
        AirStrike = "air_strike",
        /// A strike by an unmanned aircraft.
        DroneStrike = "drone_strike",
        /// Artillery, mortar or rocket fire.
        Shelling = "shelling",
        /// Guided or ballistic missiles.
        MissileStrike = "missile_strike",
        /// Toxic agents as a weapon.
        ChemicalAttack = "chemical_attack",
        /// A planted or vehicle-borne bomb.
        Explosion = "explosion",
        /// A bomb set off by its carrier.
        SuicideBombing = "suicide_bombing",
        /// Mines and unexploded remnants of war.
        Landmine = "landmine",
        /// Small arms fired at persons.
        Shooting = "shooting",
        /// Fighting between armed parties.
        Clash = "clash",
        /// Violence of a kind that is not told.
        Attack = "attack",
        /// The killing of persons held.
        Execution = "execution",
        /// Persons taken by force.
        Abduction = "abduction",
        /// Persons arrested or held.
        Detention = "detention",
        /// Persons made to flee.
        Displacement = "displacement",
        /// Conflict of another kind.
        Other = "other",
    }
}

labels! {
    /// What befell those counted.
    Outcome {
        /// Killed.
        Killed = "killed",
        /// Injured.
        Injured = "injured",
        /// Killed or injured, not told apart.
        Casualties = "casualties",
        /// Missing.
        Missing = "missing",
        /// Arrested or held.
        Detained = "detained",
        /// Taken by force.
        Abducted = "abducted",
        /// Made to flee.
        Displaced = "displaced",
        /// A number of attacks, not of people.
        Strikes = "strikes",
    }
}

labels! {
    /// The group that a figure counts.
    Victims {
        /// Group not stated.
        People = "people",
        /// Civilians.
        Civilians = "civilians",
        /// Members of any armed party.
        Combatants = "combatants",
        /// Persons under 18.
        Children = "children",
        /// Women.
        Women = "women",
        /// Men.
        Men = "men",
        /// Elderly persons.
        Elderly = "elderly",
        /// Journalists and media workers.
        Journalists = "journalists",
        /// Medical staff.
        HealthWorkers = "health_workers",
        /// Humanitarian and rescue workers.
        AidWorkers = "aid_workers",
        /// No persons are counted (strikes).
        None = "none",
    }
}

labels! {
    /// How the text bounds a figure.
    Qualifier {
        /// The figure itself.
        Exact = "exact",
        /// "at least".
        AtLeast = "at_least",
        /// "more than".
        MoreThan = "more_than",
        /// "up to".
        UpTo = "up_to",
        /// "fewer than".
        FewerThan = "fewer_than",
        /// "about".
        About = "about",
        /// "between five and eight".
        Range = "range",
        /// "dozens".
        Vague = "vague",
    }
}

labels! {
    /// Whether a figure counts one incident or a sum.
    Scope {
        /// One incident.
        Incident = "incident",
        /// A sum over a period, an area or a whole war.
        Total = "total",
    }
}

labels! {
    /// How firmly a figure is put forward.
    Modality {
        /// Stated as a fact.
        Asserted = "asserted",
        /// Stated not to be so.
        Denied = "denied",
        /// Feared, or expected to rise.
        Feared = "feared",
    }
}

labels! {
    /// What kind of body is cited for a figure.
    SourceKind {
        /// A body that monitors a conflict (SOHR, Airwars).
        Monitor = "monitor",
        /// Rescue services (White Helmets).
        Rescue = "rescue",
        /// The United Nations and its agencies.
        Un = "un",
        /// A non-governmental organisation.
        Ngo = "ngo",
        /// News media.
        Media = "media",
        /// Media run by a state.
        StateMedia = "state_media",
        /// Civil authorities of a state, police among them.
        Government = "government",
        /// Armed forces of a state.
        Military = "military",
        /// An armed group.
        ArmedGroup = "armed_group",
        /// Hospitals and medical staff.
        Medical = "medical",
        /// Persons who saw it, residents, relatives.
        Witness = "witness",
        /// Anyone else.
        Other = "other",
    }
}

labels! {
    /// How well an event is established, by Airwars' public rule.
    Grading {
        /// The party held responsible accepts it.
        Confirmed = "confirmed",
        /// Two or more credible independent sources.
        Fair = "fair",
        /// One source.
        Weak = "weak",
        /// Sources name different parties.
        Contested = "contested",
    }
}
