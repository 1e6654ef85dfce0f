using Quota.Contracts.V1;

namespace Quota.Silo.Definitions;

/// <summary>A definition, or why there is none.</summary>
/// <param name="Value">Set if there is no error and something to show.</param>
/// <param name="Error">Set if the request was refused.</param>
public readonly record struct DefinitionResult(Definition? Value, DefinitionError? Error)
{
    public static DefinitionResult Of(Definition value) => new(value, null);

    public static DefinitionResult Failed(DefinitionErrorCode code, string field, string message) => new(null, new DefinitionError(code, field, message));
}
