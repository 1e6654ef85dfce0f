namespace Quota.Silo.Definitions;

/// <summary>Why there is no result.</summary>
/// <param name="Code">What kind of error.</param>
/// <param name="Field">The field it is about, such as <c>limits[0].rate.period</c>; empty if it is about none.</param>
/// <param name="Message">What is wrong and what would be right.</param>
public sealed record DefinitionError(DefinitionErrorCode Code, string Field, string Message)
{
    /// <summary>The field and the message.</summary>
    public override string ToString() => Field.Length > 0 ? $"{Field}: {Message}" : Message;
}
