# %% [markdown]
# # Split into training and test rows
#
# The test rows are put aside **now**, before any model is fitted, and only the report
# draws conclusions from them. All three models read the same two files, so none of them
# is lucky with its rows.
#
# `test_size` and `random_state` come from `pipeline.yaml`. Change one there: this task
# and those that depend on it are stale, `load` and `clean` are not.

# %% tags=["parameters"]
upstream = ["clean"]
product = None
test_size = None
random_state = None

# %%
import pandas as pd
from sklearn.model_selection import train_test_split

from modelling.columns import TARGET

# %%
data = pd.read_parquet(upstream["clean"]["data"])

# %% [markdown]
# With only a few hundred rows, a plain random split may put most of the severe cases on
# one side. We therefore draw from each fifth of the target separately.

# %%
fifth = pd.qcut(data[TARGET], q=5, labels=False)
train, test = train_test_split(data, test_size=test_size, random_state=random_state, stratify=fifth)
print(f"{len(train)} rows to learn from, {len(test)} to be judged by")

# %%
pd.DataFrame({"train": train[TARGET].describe(), "test": test[TARGET].describe()}).round(1)

# %%
train.to_parquet(product["train"], index=False)
test.to_parquet(product["test"], index=False)
