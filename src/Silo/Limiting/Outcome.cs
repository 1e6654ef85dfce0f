namespace Quota.Silo.Limiting;

/// <summary>What an operation came to: a value, or why there is none.</summary>
/// <param name="Value">Set if <see cref="Status"/> is <see cref="DecisionStatus.Decided"/>.</param>
/// <param name="Status">Decided, or the kind of error.</param>
/// <param name="ErrorField">The field of the request it is about, if it is about one.</param>
/// <param name="ErrorMessage">What is wrong, in a sentence.</param>
public readonly record struct Outcome<TValue>(TValue? Value, DecisionStatus Status, string? ErrorField, string? ErrorMessage)
    where TValue : class
{
    public bool IsDone => Status == DecisionStatus.Decided;

    public static Outcome<TValue> Done(TValue value) => new(value, DecisionStatus.Decided, null, null);

    public static Outcome<TValue> Failed(DecisionStatus status, string? field, string message) => new(null, status, field, message);
}
