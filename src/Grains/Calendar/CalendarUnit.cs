namespace Quota.Grains.Calendar;

/// <summary>Length of a calendar period. APPEND-ONLY: persisted in counter layouts.</summary>
public enum CalendarUnit : byte
{
    Day = 1,
    Week = 2,
    Month = 3,
    Year = 4,
}
