using Quota.Silo.Journal;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>Why a step could not be made; nothing has changed.</summary>
internal readonly record struct StepFault(DecisionStatus Status, string? Field, string Message)
{
    /// <summary>The journal, or the memory it frees, takes nothing more.</summary>
    public static StepFault OfJournal(JournalStatus status, string overload) =>
        status == JournalStatus.Running
            ? new(DecisionStatus.Overloaded, null, overload)
            : new(DecisionStatus.Unavailable, null, $"the journal takes no decisions: {status}");
}
