# %% [markdown]
# # Load the data
#
# 442 patients with diabetes, ten measurements at the start of the study, and a number
# that says how far the disease had come **one year later**. That number is what we want
# to predict. The data come with scikit-learn, so nothing is downloaded.
#
# Source: Efron, Hastie, Johnstone and Tibshirani, *Least Angle Regression* (2004).
#
# The cell below is the **parameters cell**. This task needs no other, hence
# `upstream = None`. The value of `product` is filled in from `pipeline.yaml`, both when
# the pipeline is built and when you open this file as a notebook.

# %% tags=["parameters"]
upstream = None
product = None

# %%
from pathlib import Path

from sklearn.datasets import load_diabetes

# %% [markdown]
# scikit-learn scales the columns unless told otherwise. We take the measurements as they
# were made: years, kg/m², mg/dl are easier to check, and scaling belongs to the models
# that need it.

# %%
raw = load_diabetes(as_frame=True, scaled=False).frame
raw.head()

# %%
raw.describe().T.round(2)

# %% [markdown]
# Save the table just as it came. Whatever we do to it later can then be traced back.

# %%
Path(product["data"]).parent.mkdir(parents=True, exist_ok=True)
raw.to_parquet(product["data"], index=False)
print(f"{len(raw)} patients, {raw.shape[1] - 1} measurements, 1 target")
