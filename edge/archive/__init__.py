"""The ring of past readings on the gateway, apart from the journal, from which trainings are fed."""
