# %% [markdown]
# # Random forest
#
# Many deep trees, each on other rows and columns, averaged. It finds thresholds and
# interactions that a straight line cannot, and needs no scaling.

# %% tags=["parameters"]
upstream = ["train-test-split"]
product = None
n_estimators = None
min_samples_leaf = None
folds = None
random_state = None

# %%
from pathlib import Path

import joblib
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

from modelling.columns import features_and_target
from modelling.plots import ranked_bars
from modelling.scoring import judge, write_metrics

# %%
train = pd.read_parquet(upstream["train-test-split"]["train"])
test = pd.read_parquet(upstream["train-test-split"]["test"])
features, target = features_and_target(train)

# %% [markdown]
# `n_jobs=1` on purpose: the pipeline already keeps the cores busy by running the models
# side by side.

# %%
model = RandomForestRegressor(
    n_estimators=n_estimators,
    min_samples_leaf=min_samples_leaf,
    max_features=0.5,
    oob_score=True,
    random_state=random_state,
    n_jobs=1,
)
model.fit(features, target)
print(f"R² on the rows that each tree had not seen: {model.oob_score_:.3f}")

# %% [markdown]
# ## What does it look at?
#
# We shuffle one column at a time and see how much worse the forest gets. Unlike the
# importances that come with the model, this does not favour columns with many values.

# %%
shuffled = permutation_importance(
    model, features, target, n_repeats=5, random_state=random_state, scoring="neg_root_mean_squared_error"
)
drawing = ranked_bars(
    pd.Series(shuffled.importances_mean, index=features.columns),
    errors=pd.Series(shuffled.importances_std, index=features.columns),
    title="Random forest: loss when a column is shuffled",
    label="increase of the error (training rows)",
)

# %%
metrics = judge(model, train, test, folds)
metrics

# %%
Path(product["model"]).parent.mkdir(parents=True, exist_ok=True)
joblib.dump(model, product["model"], compress=3)
write_metrics(metrics, product["metrics"])
drawing.savefig(product["plot"], dpi=110)

test_features, observed = features_and_target(test)
predictions = pd.DataFrame({"observed": observed, "predicted": model.predict(test_features)})
predictions.to_parquet(product["predictions"], index=False)
