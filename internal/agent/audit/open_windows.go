package audit

// safeOpen is empty: Windows has no such flags. Making a link there needs a privilege.
const safeOpen = 0
