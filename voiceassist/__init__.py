"""VoiceAssist: the project package and the platform that every app stands on."""
