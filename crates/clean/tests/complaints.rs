//! What users of other extractors complain of most, each with a page of its own.

use annals_clean::clean;
use annals_plugin::{Article, PublishedBasis};

fn read(html: &str) -> Article {
    let mut article = Article::new("a", "a", "a.html");
    article.html = Some(html.as_bytes().to_vec());
    if let Err((reason, detail)) = clean(&mut article) {
        panic!("refused: {reason}: {detail}");
    }
    article
}

fn refusal(html: &str) -> &'static str {
    let mut article = Article::new("a", "a", "a.html");
    article.html = Some(html.as_bytes().to_vec());
    clean(&mut article).expect_err("this page holds no article").0
}

/// A story of several paragraphs, as a page's main text.
const STORY: &str = "\
<p>Two rockets struck the bus station of Marrun on Tuesday morning, killing four people and wounding eleven, the town's \
hospital said, in the first attack on the town since a truce was signed in March.</p>\
<p>“We heard the first one and ran, and the second one hit the gate,” said Samir Haddo, who sells tea at the station. He \
lost his brother in the attack.</p>\
<p>The army blamed fighters in the hills to the east, who denied that they had fired. A monitor of the truce said that his \
team would visit the place as soon as the road was open.</p>\
<p>More than 300 families have left the town since the weekend, according to the local council, most of them for the coast, \
where schools have been opened to take them in.</p>\
<p>The truce, which was to hold for six months, has been broken eighteen times by the council's count.</p>";

const WORDS_OF_STORY: [&str; 5] = [
    "killing four people",
    "lost his brother",
    "fired. A monitor",
    "More than 300 families",
    "broken eighteen times",
];

fn has_story(article: &Article) {
    for words in WORDS_OF_STORY {
        assert!(article.text.contains(words), "`{words}` is missing from:\n{}", article.text);
    }
}

#[test]
fn cookie_and_privacy_text_is_not_the_article() {
    let notice = "We and our 812 partners store and access information on your device, such as cookies, to offer personalised \
        advertising and content, to measure advertising and content, and to learn about our audience. With your consent we and \
        our partners may use precise location data. You can change your choice at any time in our privacy policy.";
    let article = read(&format!(
        "<html lang=en><head><title>Rockets hit Marrun bus station | Valley Post</title></head><body>\
         <div id='onetrust-consent-sdk' class='cookie-banner'><h2>We value your privacy</h2><p>{notice}</p><p>{notice}</p><p>{notice}</p>\
         <button>Accept all</button></div>\
         <main><article><h1>Rockets hit Marrun bus station</h1><div class='article-body'>{STORY}</div></article></main>\
         <footer><p>Valley Post uses cookies. Read our privacy policy and our terms of use.</p></footer></body></html>"
    ));
    has_story(&article);
    assert!(!article.text.contains("cookies"), "{}", article.text);
    assert!(!article.text.contains("privacy"), "{}", article.text);
    assert_eq!(article.title.as_deref(), Some("Rockets hit Marrun bus station"));
}

#[test]
fn headlines_of_other_stories_are_not_its_end() {
    let mut cards = String::new();
    for (number, line) in [
        "Mayor of Tell Aswan quits over water",
        "Floods cut the coast road again",
        "Ten facts about the spring festival",
        "Council votes on new market",
        "Opinion: what the truce has cost us",
        "Football: Marrun lose at home",
    ]
    .iter()
    .enumerate()
    {
        cards.push_str(&format!(
            "<li class='card'><a href='/story/{number}'><img src='{number}.jpg'><h3>{line}</h3><span>3 hours ago</span></a></li>"
        ));
    }
    let article = read(&format!(
        "<html lang=en><head><title>Rockets hit Marrun bus station</title></head><body><nav><a href='/'>Home</a> <a href='/w'>World</a></nav>\
         <div class='content'><div class='story'><h1>Rockets hit Marrun bus station</h1>{STORY}\
         <div class='related-stories'><h2>More from the region</h2><ul>{cards}</ul></div></div></div>\
         <div class='most-read'><h2>Most read</h2><ol>{cards}</ol></div></body></html>"
    ));
    has_story(&article);
    for line in ["Floods cut", "Football", "More from the region", "Most read"] {
        assert!(!article.text.contains(line), "`{line}` was kept:\n{}", article.text);
    }
}

#[test]
fn captions_are_not_kept() {
    let (first, rest) = STORY.split_at(STORY.find("</p>").expect("a paragraph") + 4);
    let article = read(&format!(
        "<html lang=en><body><article><h1>Rockets hit Marrun bus station</h1>\
         <figure><img src=a.jpg><figcaption>A man walks past a burnt bus at the station in Marrun. Photo: Lina Qadri/Valley Post</figcaption></figure>\
         {first}<div class='wp-caption image'><img src=b.jpg><p class='wp-caption-text'>Smoke over the town, seen from the coast road. (credit: L. QADRI)</p></div>{rest}\
         </article></body></html>"
    ));
    has_story(&article);
    for line in ["burnt bus", "Smoke over the town", "Qadri", "QADRI"] {
        assert!(!article.text.contains(line), "`{line}` was kept:\n{}", article.text);
    }
    assert!(
        article.removed.iter().any(|removed| removed.text.contains("Smoke over the town")),
        "{:?}",
        article.removed
    );
}

#[test]
fn the_date_of_an_update_is_not_that_of_publication() {
    let article = read(&format!(
        "<html lang=en><head><title>Rockets hit Marrun bus station</title>\
         <meta property='article:modified_time' content='2021-09-30T08:00:00Z'>\
         <script type='application/ld+json'>{{\"@type\":\"NewsArticle\",\"headline\":\"Rockets hit Marrun bus station\",\
         \"dateModified\":\"2021-09-30T08:00:00Z\",\"datePublished\":\"2021-06-08T05:12:00+03:00\"}}</script></head><body><article>\
         <h1>Rockets hit Marrun bus station</h1><p class='date updated'>Last updated: 30 September 2021</p>{STORY}</article></body></html>"
    ));
    assert_eq!(article.published.as_deref(), Some("2021-06-08T05:12:00+03:00"));
    assert_eq!(article.published_basis, Some(PublishedBasis::Metadata));

    let article = read(&format!(
        "<html lang=en><head><title>Rockets hit Marrun bus station</title></head><body><article><h1>Rockets hit Marrun bus station</h1>\
         <p class='date'>Last updated: 30 September 2021</p>{STORY}</article></body></html>"
    ));
    assert_eq!(article.published, None, "only the update's date stands on the page");
}

#[test]
fn a_date_of_the_future_is_not_that_of_publication() {
    // The page says elsewhere when it was written: its address, and the time that it was last changed.
    let mut article = Article::new("a", "a", "a.html");
    article.url = Some("https://valleypost.example/2021/06/08/rockets-marrun".to_owned());
    article.html = Some(
        format!(
            "<html lang=en><head><title>Rockets hit Marrun bus station</title><meta name='date' content='2031-01-01'>\
             <meta property='article:modified_time' content='2021-06-09T10:00:00Z'></head><body><article>\
             <h1>Rockets hit Marrun bus station</h1>{STORY}<p>The donors meet again on 14 January 2024.</p></article></body></html>"
        )
        .into_bytes(),
    );
    clean(&mut article).expect("an article");
    assert_eq!(article.published.as_deref(), Some("2021-06-08"));
    assert_eq!(article.published_basis, Some(PublishedBasis::Url));
}

#[test]
fn pages_without_an_article_are_told_apart() {
    for (reason, html) in [
        (
            "error_page",
            "<html><head><title>404 - Page not found | Valley Post</title></head><body><nav><a href='/'>Home</a></nav>\
             <h1>Page not found</h1><p>Sorry, the page you are looking for does not exist. Try our search, or go back to the front page.</p></body></html>",
        ),
        (
            "blocked_page",
            "<html><head><title>Just a moment...</title></head><body><h1>valleypost.example</h1><p>Please enable cookies and reload the page to continue.</p></body></html>",
        ),
        (
            "paywall_stub",
            "<html><head><title>The war for the water | Valley Post</title></head><body><article><h1>The war for the water</h1>\
             <p>Nobody in the valley remembers who dug the first canal, but everyone knows who closed it.</p>\
             <p>Subscribe to continue reading this article. Already a subscriber? Log in</p></article></body></html>",
        ),
        (
            "live_ticker",
            "<html><head><title>Valley war live</title><script type='application/ld+json'>{\"@type\":\"LiveBlogPosting\",\"headline\":\"Valley war live\"}</script></head>\
             <body><article><h1>Valley war live</h1><p>10:32 The army says that it has taken the pass after a night of fighting in the hills to the east.</p>\
             <p>09:15 The council counts three dead in the shelling of the market, and asks for blood to be given at the hospital.</p></article></body></html>",
        ),
        (
            "gallery",
            "<html><head><title>In pictures: the festival</title><meta property='og:type' content='video.other'></head><body><article><h1>In pictures: the spring festival in the valley</h1>\
             <p>The best of our readers' pictures of this year's spring festival, from dawn in the hills to the last dance by the river.</p></article></body></html>",
        ),
        (
            "no_article",
            "<html><head><title>Valley Post</title></head><body><ul><li><a href=a>World</a><li><a href=b>Sport</a></ul></body></html>",
        ),
    ] {
        assert_eq!(refusal(html), reason);
    }
}

#[test]
fn a_story_about_a_cut_network_is_an_article() {
    let article = read(&format!(
        "<html lang=en><head><title>Censors put a 403 Forbidden page before the news</title></head><body><article><h1>Censors put a 403 Forbidden page before the news</h1>{STORY}\
         <p>Those who open the council's site are told to enable cookies, and then that the page does not exist.</p></article></body></html>"
    ));
    has_story(&article);
}
