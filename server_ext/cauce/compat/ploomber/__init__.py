"""The little of Ploomber's Python interface that projects use in their own code.

Found only where no real Ploomber can be imported. It has what a task, a hook, a serializer, a
client or a factory of tasks imports, written from what such code needs; nothing here builds
anything.
"""
