"""What people write down: notes, diaries, mail, calendars; and what other assistants noted."""
