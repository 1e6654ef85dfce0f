using System.Diagnostics.CodeAnalysis;

namespace Quota.Silo.Journal;

/// <summary>The result of opening a journal.</summary>
/// <param name="Outcome">Whether it is open, and if not, why.</param>
/// <param name="Message">For the operator: what is the matter, with which file.</param>
/// <param name="Report">What was found, as far as it was read.</param>
/// <param name="Journal">The journal if it is open.</param>
public sealed record JournalOpening(JournalOpenOutcome Outcome, string Message, JournalReport Report, FileJournal? Journal)
{
    /// <summary>Whether there is a journal. If not, and records were handed out already, the caller drops what it built from them.</summary>
    [MemberNotNullWhen(true, nameof(Journal))]
    public bool IsOpen => Journal is not null;
}
