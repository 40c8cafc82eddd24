# %% [markdown]
# # Report: which model?
#
# The three models on the same test rows, next to the dullest guess of all: always the
# mean of the training rows. To add a model, write its task, add it to `pipeline.yaml` and
# to the list below.

# %% tags=["parameters"]
upstream = ["train-test-split", "linear-regression", "random-forest-regressor", "gradient-boosting"]
product = None

# %%
import json
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from modelling.columns import TARGET, features_and_target
from modelling.plots import BLUE
from modelling.scoring import scores

# %%
models = [name for name in upstream if name != "train-test-split"]
train = pd.read_parquet(upstream["train-test-split"]["train"])
test = pd.read_parquet(upstream["train-test-split"]["test"])

# %% [markdown]
# ## The table
#
# Sorted by the **cross-validated** error: that is the number to choose by. The test
# columns say what to expect of the choice on new patients. Errors are in units of the
# target, lower is better.

# %%
measured = {name: json.loads(Path(upstream[name]["metrics"]).read_text(encoding="utf-8")) for name in models}
guess = scores(test[TARGET], np.full(len(test), train[TARGET].mean()))
comparison = pd.DataFrame({**measured, "always the mean": guess}).T
comparison = comparison[["cv_rmse", "cv_rmse_std", "rmse", "mae", "r2"]].sort_values("cv_rmse")
comparison.index.name = "model"
comparison.to_csv(product["table"], float_format="%.3f")
comparison.round(3)

# %%
best, second = comparison.index[:2]
gap = comparison.loc[second, "cv_rmse"] - comparison.loc[best, "cv_rmse"]
spread = comparison.loc[best, "cv_rmse_std"]
print(f"Best: {best}, ahead of {second} by {gap:.2f}. From fold to fold its error varies by {spread:.2f}.")
if gap < spread:
    print("The lead is within that variation: take the simpler of the two.")

# %% [markdown]
# ## Prediction against truth
#
# Points on the line are right. All models pull the extreme cases towards the middle,
# which is what measurements from a year before can be expected to do.

# %%
drawing, axes = plt.subplots(1, len(models), figsize=(11, 4), sharex=True, sharey=True, layout="constrained")
limits = [test[TARGET].min(), test[TARGET].max()]
for panel, name in zip(axes, models, strict=True):
    predictions = pd.read_parquet(upstream[name]["predictions"])
    panel.scatter(predictions["observed"], predictions["predicted"], s=14, alpha=0.6, color=BLUE)
    panel.plot(limits, limits, color="0.3", linewidth=0.8)
    panel.set(title=f"{name}\nRMSE {measured[name]['rmse']:.1f}", xlabel="observed")
    panel.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("predicted")
drawing.savefig(product["plot"], dpi=110)

# %% [markdown]
# ## The saved model works
#
# A pickled model is only worth something if it can be loaded again and says the same.

# %%
choice = next(name for name in comparison.index if name in models)
model = joblib.load(upstream[choice]["model"])
features, _ = features_and_target(test)
predicted = model.predict(features)
assert np.allclose(predicted, pd.read_parquet(upstream[choice]["predictions"])["predicted"])
test.assign(predicted=predicted.round(1)).head()
