# %% [markdown]
# # Clean
#
# Readable names, sensible types, and checks that fail **here** rather than three tasks
# later. `upstream` names the task whose products we read; `upstream["load"]["data"]`
# becomes the path that `pipeline.yaml` gives to it.

# %% tags=["parameters"]
upstream = ["load"]
product = None

# %%
import pandas as pd

from modelling.columns import READABLE, TARGET
from modelling.plots import BLUE, figure

# %%
raw = pd.read_parquet(upstream["load"]["data"])
data = raw.rename(columns=READABLE, errors="raise")
data.columns.tolist()

# %% [markdown]
# ## Types
#
# Sex is coded 1 and 2 without saying which is which, so it stays a code; as 0 and 1 it
# can be used by every model. Age is a whole number.

# %%
data = data.assign(sex=(data["sex"] - 1).astype("int8"), age=data["age"].astype("int16"))

# %% [markdown]
# ## What must be true
#
# No holes, nobody twice, nothing that no living patient could have. An `assert` in a
# task is a good thing: the pipeline stops at the right place and shows the cell.

# %%
possible = {
    "age": (18, 100),
    "sex": (0, 1),
    "body_mass_index": (12, 60),
    "blood_pressure": (40, 160),
    "total_cholesterol": (60, 400),
    "hdl": (10, 150),
    "blood_sugar": (40, 250),
    TARGET: (1, 400),
}

assert data.notna().all(axis=None), data.isna().sum()
assert not data.duplicated().any(), "A patient is in the table twice"
for column, (low, high) in possible.items():
    outside = ~data[column].between(low, high)
    assert not outside.any(), f"{column}: {outside.sum()} values outside {low} to {high}"

# %% [markdown]
# One column can be worked out from two others: the cholesterol ratio is total
# cholesterol divided by HDL. Does the table agree with itself?

# %%
expected = data["total_cholesterol"] / data["hdl"]
whole = data["cholesterol_ratio"] == data["cholesterol_ratio"].round()
close = (data["cholesterol_ratio"] - expected).abs() < 0.51
print(f"Within half a unit of total / HDL: {close.mean():.0%} of the rows; whole numbers: {whole.mean():.0%}")

# %% [markdown]
# It does, but most ratios were rounded to whole numbers on the way. The computed one
# carries more information, so we keep that.

# %%
data["cholesterol_ratio"] = expected.round(3)
data.describe().T.round(2)

# %% [markdown]
# ## The target
#
# Skewed to the right: most patients got a little worse, a few much. An error in the tail
# will dominate the squared error, which is why the report shows the absolute one too.

# %%
drawing, axes = figure()
axes.hist(data[TARGET], bins=30, color=BLUE)
axes.axvline(data[TARGET].median(), color="0.2", linestyle="--", label="median")
axes.set(title="Disease progression after one year", xlabel="progression", ylabel="patients")
axes.legend(frameon=False)
drawing.savefig(product["plot"], dpi=110)

# %%
data.to_parquet(product["data"], index=False)
