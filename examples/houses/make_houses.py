"""Makes houses.csv, which is made up: districts like those of California's census, drawn at random.

Always the same file: run it again, and nothing changes. Only Python's own library is used.
"""

import csv
import math
import random
from pathlib import Path

ROWS = 2_000
COLUMNS = ["income", "age", "rooms", "bedrooms", "people", "latitude", "longitude", "value"]
CITIES = [(37.77, -122.42), (34.05, -118.24), (32.72, -117.16), (38.58, -121.49)]
HIGHEST = 5.0
"""Whoever asked did not write down what is above."""


def district(chance: random.Random) -> list[float | str]:
    latitude = chance.uniform(32.6, 41.9)
    coast = -114.2 - (latitude - 32.6) * 1.06
    longitude = coast - 2.9 * chance.random() ** 1.6
    if chance.random() < 0.6:
        city = chance.choice(CITIES)
        latitude, longitude = (chance.gauss(place, 0.35) for place in city)
    income = min(max(chance.lognormvariate(1.25, 0.45), 0.5), 15.0)
    age = min(max(chance.gauss(28, 12), 1), 52)
    rooms = min(max(chance.gauss(3.2 + 0.5 * income, 0.9), 1.5), 12)
    bedrooms = rooms * chance.uniform(0.17, 0.24)
    people = min(max(chance.lognormvariate(1.05, 0.25), 1.2), 8.0)
    away = min(math.dist((latitude, longitude), city) for city in CITIES)
    value = 0.3 + 0.27 * income + 2.0 * math.exp(-away / 0.4) + 0.006 * age - 0.11 * people
    value *= 1.35 + 0.3 * math.tanh(income - 4) * math.exp(-away)
    value = min(max(value + chance.gauss(0, 0.18), 0.15), HIGHEST)
    return [
        round(income, 3),
        round(age),
        round(rooms, 2),
        "" if chance.random() < 0.02 else round(bedrooms, 2),
        round(people, 2),
        round(latitude, 2),
        round(longitude, 2),
        round(value, 3),
    ]


def main() -> None:
    chance = random.Random(1990)
    with Path(__file__).with_name("houses.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows(district(chance) for _ in range(ROWS))


if __name__ == "__main__":
    main()
