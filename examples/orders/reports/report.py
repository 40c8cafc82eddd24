# %% [markdown]
# # Orders of one country

# %% tags=["parameters"]
upstream = ["per_day"]
product = None
country = None

# %%
import csv
import json

with open(upstream["per_day"], newline="") as file:
    rows = [row for row in csv.DictReader(file) if row["country"] == country]
amounts = {int(row["day"]): int(row["amount"]) for row in rows}

# %%
for day, amount in amounts.items():
    print(f"{day:>3} {amount:>7,} {'█' * (amount // 250)}")

# %%
best = max(amounts, key=lambda day: amounts[day])
with open(product["best"], "w") as file:
    json.dump({"day": best, "amount": amounts[best]}, file)
print(f"The best day was day {best}.")
