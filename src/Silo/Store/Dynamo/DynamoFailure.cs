namespace Quota.Silo.Store.Dynamo;

/// <summary>What an error of DynamoDB means for the request that met it.</summary>
internal enum DynamoFailure
{
    /// <summary>It was not done, and never will be as it is.</summary>
    Refused,

    /// <summary>It was not done: no capacity, or a conflict with another transaction. It may be sent again.</summary>
    Busy,

    /// <summary>The answer is missing or says nothing: it may have been done.</summary>
    Unknown,
}
