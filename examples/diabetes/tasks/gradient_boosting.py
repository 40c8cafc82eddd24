# %% [markdown]
# # Gradient boosting
#
# Small trees one after the other, each mending what those before it got wrong. Strong on
# tables, and easy to overdo: too many trees learn the noise. So we look at the error as
# the trees are added.

# %% tags=["parameters"]
upstream = ["train-test-split"]
product = None
n_estimators = None
learning_rate = None
max_depth = None
folds = None
random_state = None

# %%
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import train_test_split

from modelling.columns import features_and_target
from modelling.plots import BLUE, ORANGE, figure
from modelling.scoring import judge, write_metrics

# %%
train = pd.read_parquet(upstream["train-test-split"]["train"])
test = pd.read_parquet(upstream["train-test-split"]["test"])
features, target = features_and_target(train)

# %%
model = GradientBoostingRegressor(
    n_estimators=n_estimators,
    learning_rate=learning_rate,
    max_depth=max_depth,
    subsample=0.8,
    random_state=random_state,
)
model.fit(features, target)

# %% [markdown]
# ## When to stop
#
# A copy of the model learns from four fifths of the training rows and is judged on the
# rest after each tree. The test rows stay out of it: choosing by them would make the
# report too good to be true.

# %%
fit_x, check_x, fit_y, check_y = train_test_split(features, target, test_size=0.2, random_state=random_state)
probe = clone(model).fit(fit_x, fit_y)
fitting = [root_mean_squared_error(fit_y, predicted) for predicted in probe.staged_predict(fit_x)]
checking = [root_mean_squared_error(check_y, predicted) for predicted in probe.staged_predict(check_x)]
best = int(np.argmin(checking)) + 1

drawing, axes = figure()
trees = np.arange(1, n_estimators + 1)
axes.plot(trees, fitting, color=BLUE, label="rows it learns from")
axes.plot(trees, checking, color=ORANGE, label="rows put aside")
axes.axvline(best, color="0.3", linestyle="--", linewidth=0.8, label=f"lowest at {best} trees")
axes.set(title="Gradient boosting: error as trees are added", xlabel="trees", ylabel="RMSE")
axes.legend(frameon=False)

# %% [markdown]
# If the lowest point lies at the far right, raise `n_estimators` in `pipeline.yaml` and
# build again: only this task and the report will run.

# %%
metrics = judge(model, train, test, folds)
metrics

# %%
Path(product["model"]).parent.mkdir(parents=True, exist_ok=True)
joblib.dump(model, product["model"])
write_metrics(metrics, product["metrics"])
drawing.savefig(product["plot"], dpi=110)

test_features, observed = features_and_target(test)
predictions = pd.DataFrame({"observed": observed, "predicted": model.predict(test_features)})
predictions.to_parquet(product["predictions"], index=False)
